"""Lists the methods: what each does, its settings, its recipe, its cost.

    tfcmc methods

prints what every preset does, and

    tfcmc methods simclr

one card in full: settings as one command, and what the authors have instead
where it is not the same. With --measure, what a step of each costs on this
machine, in time and in memory: of all or, with a name, of this one and the
others named. Settings that are given go on top of each:

    tfcmc methods simclr byol --measure --batch-size=64
"""

from tfcmc.cli import command_line, method_costs
from tfcmc.experiment.config import PretrainConfig
from tfcmc.experiment.presets import PRESETS, cards, find_preset
from tfcmc.foundation.errors import UsageError, must

OWN = ("preset", "run_dir", "seed")


def main(argv=None):
    """Reads the command line and prints cards or costs."""
    parser = command_line.make_parser("trainers.methods", __doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="methods (default: all)"
    )
    parser.add_argument(
        "--measure",
        action="store_true",
        help="train a few steps of each, and tell what one costs",
    )
    command_line.add_settings(parser, PretrainConfig, but=OWN)
    given = command_line.parse(parser, argv)
    names = given.pop("names", None) or list(PRESETS)
    presets = {name: find_preset(name) for name in names}
    if given.pop("measure", False):
        show_costs(names, given)
    elif given:
        (name, value), *_ = given.items()
        raise must(name.replace("_", "-"), "left out without --measure", value)
    elif len(presets) < len(PRESETS):
        standard = PretrainConfig()
        told = [cards.full(*item, standard) for item in presets.items()]
        print("\n\n\n".join(told))
        print("\nWhat a step costs: --measure, of all or beside others")
    else:
        print("\n\n".join(cards.brief(*item) for item in presets.items()))
        print("\nOne in full: tfcmc methods NAME")


def show_costs(names: list[str], given: dict) -> None:
    """Measures and prints what a step of each method costs.

    Raises:
        UsageError: if none can be measured, as each line then says.
    """
    width = max(map(len, names))
    print(f"{'':{width}}  ms a step  images/s  MB")
    refused = 0
    for name, cost in method_costs.costs(names, given):
        if isinstance(cost, str):
            refused += 1
            print(f"{name:{width}}  {cost}", flush=True)
            continue
        step = cost["seconds"]
        print(
            f"{name:{width}}  {1000 * step:>9,.0f}  "
            f"{cost['batch_size'] / step:>8,.0f}  {cost['megabytes']:,.0f}",
            flush=True,
        )
    if refused == len(names):
        raise UsageError("None could be measured")


if __name__ == "__main__":
    command_line.run(main, listing=True)
