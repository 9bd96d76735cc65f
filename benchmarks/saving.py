"""What saving costs a training.

    python -m benchmarks.saving

A checkpoint is every variable of the training with its checksum, written
aside, flushed to the disk and renamed. Measured are a step of training and a
save, in turns, with negatives of the batch and with a memory bank of all
pictures; the table shows the share of the time that saves take, one an epoch
and one in ten minutes.
"""

from benchmarks import machine, measuring
from benchmarks.measuring import Case, Option
from tfcmc.cli import command_line
from tfcmc.foundation.errors import check_number

NEGATIVES = ("batch", "bank")
MOST = 3.0  # per cent of the time
MINUTES = 10  # the default of --save-every


def shares(found: dict, steps: int) -> tuple:
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


def show(found: dict, steps: int) -> None:
    """Prints the table of each kind of negatives, and what is wanted."""
    rows = [
        [
            name,
            f"{1000 * measured['step']:.1f}",
            f"{1000 * measured['save']:.1f}",
            f"{measured['megabytes']:.1f}",
            *(f"{share:.2f} %" for share in shares(measured, steps)),
        ]
        for name, measured in found.items()
    ]
    head = ["negatives", "ms a step", "ms a save", "MB", "each epoch"]
    print(f"\n{measuring.table([*head, f'each {MINUTES} min'], rows)}\n")
    highest = max(max(shares(each, steps)) for each in found.values())
    name = "saving, % of the time"
    print(measuring.verdict(name, highest, MOST, at_least=False))


def _add_folder(parser):
    parser.add_argument(
        "--folder",
        default=".",
        metavar="DIR",
        help="on the disk to save to (default: this one)",
    )


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = measuring.read(
        "benchmarks.saving",
        __doc__,
        argv,
        _add_folder,
        seconds=measuring.seconds(30.0, "of each measurement"),
        batch_size=measuring.BATCH,
        pictures=Option(40_000, "an epoch, and in the bank"),
        threads=measuring.THREADS,
    )
    pictures, batch_size = given["pictures"], given["batch_size"]
    check_number("pictures", pictures, at_least=batch_size)
    print(machine.describe(given["threads"]))
    threads = given.pop("threads")
    found = {}
    for name in NEGATIVES:
        settings = given | {"negatives": name}
        case = Case(name, "benchmarks.saving_parts", settings)
        found[name] = measuring.measure(case, threads)
    show(found, pictures // batch_size)


if __name__ == "__main__":
    command_line.run(main)
