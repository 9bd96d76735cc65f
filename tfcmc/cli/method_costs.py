"""What a step of several methods costs, each in a process of its own.

    python -m tfcmc.cli.method_costs --preset=NAME [OPTION ...]

prints the cost of one as a line of JSON.
"""

import json
from collections.abc import Iterator

from tfcmc.cli import command_line, workers
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.text import options


def main(argv=None):
    """Reads the command line, measures and prints."""
    parser = command_line.make_parser("tfcmc.cli.method_costs", __doc__)
    command_line.add_settings(parser, PretrainConfig)
    plan = make_plan(make_config(command_line.parse(parser, argv)))
    from tfcmc.experiment import cost  # loads TensorFlow: only now

    print(json.dumps(cost.step_cost(plan)))


def costs(names: list[str], given: dict) -> Iterator[tuple[str, dict | str]]:
    """Measures a step of several presets, one after the other.

    Args:
        names: Of `PRESETS`.
        given: Settings that go on top of each.

    Yields:
        A name, and what `step_cost` returns of it, or the reason why it
        cannot be measured.
    """
    for name in names:
        words = ("tfcmc.cli.method_costs", f"--preset={name}", *options(given))
        ended, lines = workers.run_one(workers.Job(name, words, None))
        yield name, ended.reason if ended.code else json.loads(lines[-1])


if __name__ == "__main__":
    command_line.run(main)
