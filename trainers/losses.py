"""Lists the losses: what each does, its options, its value when it fails.

    tfcmc losses

prints a short card of every loss, and

    tfcmc losses triplet

one card in full. The value at collapse is the one to know: a training whose
loss stays there has learnt nothing.
"""

from tfcmc.cli import command_line
from tfcmc.experiment.refusals import negatives_of
from tfcmc.losses import LOSSES, cards


def main(argv=None):
    """Reads the command line and prints one card or all."""
    parser = command_line.make_parser("trainers.losses", __doc__)
    parser.add_argument("loss", nargs="?", help="the loss to show in full")
    given = command_line.parse(parser, argv)
    if "loss" in given:
        member = LOSSES.lookup(given["loss"]).member
        print(cards.full(member, [("negatives", negatives_of(member))]))
        return
    print("\n\n".join(map(cards.brief, LOSSES.members())))
    print("\nOne in full: tfcmc losses NAME")


if __name__ == "__main__":
    command_line.run(main, listing=True)
