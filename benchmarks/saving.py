"""What saving costs a training.

    python -m benchmarks.saving

A checkpoint is every variable of the training with its checksum, written
aside, flushed to the disk and renamed. Measured are a step of training and a
save, in turns, with negatives of the batch and with a memory bank of all
pictures; the table shows the share of the time that saves take, one an epoch
and one in ten minutes.
"""

from benchmarks import machine, measuring
from benchmarks.measuring import Case
from tfcmc.cli import command_line
from tfcmc.foundation.errors import check_number

NEGATIVES = ("batch", "bank")
MOST = 3.0  # per cent of the time
MINUTES = 10  # the default of --save-every


def shares(found, steps):
    """Returns what saving takes, in per cent of the time.

    Args:
        found: What `benchmarks.saving_parts` measured.
        steps: Steps an epoch.

    Returns:
        `(one save an epoch, one in ten minutes)`.
    """
    save = found["save"]
    return tuple(
        100 * save / (save + training)
        for training in (steps * found["step"], 60 * MINUTES)
    )


def show(found, steps):
    """Prints the table, and what is wanted.

    Args:
        found: Negatives to what was measured.
        steps: Steps an epoch.
    """
    rows, highest = [], 0.0
    for name, measured in found.items():
        told = shares(measured, steps)
        highest = max(highest, *told)
        rows.append(
            [
                name,
                f"{1000 * measured['step']:.1f}",
                f"{1000 * measured['save']:.1f}",
                f"{measured['megabytes']:.1f}",
                *(f"{share:.2f} %" for share in told),
            ]
        )
    head = ["negatives", "ms a step", "ms a save", "MB", "each epoch"]
    print(f"\n{measuring.table([*head, f'each {MINUTES} min'], rows)}\n")
    print(
        measuring.verdict(
            "saving, % of the time", highest, MOST, at_least=False
        )
    )


def make_parser():
    """Returns the parser of this command."""
    parser = command_line.make_parser("benchmarks.saving", __doc__)
    parser.add_argument(
        "--folder",
        default=".",
        metavar="DIR",
        help="on the disk to save to (default: this one)",
    )
    measuring.add_numbers(
        parser,
        ("seconds", 30.0, "of each measurement, at least"),
        ("batch-size", 128, "pictures a step"),
        ("pictures", 40_000, "an epoch, and in the bank"),
        ("threads", measuring.available(), "cores and threads"),
    )
    return parser


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = command_line.parse(make_parser(), argv)
    measuring.check_threads(given)
    check_number("seconds", given["seconds"], above=0)
    check_number("batch-size", given["batch_size"], whole=True, at_least=2)
    check_number(
        "pictures", given["pictures"], whole=True, at_least=given["batch_size"]
    )
    print(machine.describe(given["threads"]))
    words = measuring.words_of(
        given, "seconds", "batch_size", "pictures", "folder"
    )
    found = {}
    for name in NEGATIVES:
        case = Case(
            name, "benchmarks.saving_parts", (*words, f"--negatives={name}")
        )
        found[name] = measuring.measure(case, given["threads"])
    show(found, given["pictures"] // given["batch_size"])


if __name__ == "__main__":
    command_line.run(main)
