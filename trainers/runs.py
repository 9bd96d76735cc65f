"""Lists the runs below a folder: settings that differ, state and verdict.

    tfcmc runs runs

One line a run: its folder; "finished", "not judged", "judged after 3 of 20
epochs", as a trial that its search took no further, or "interrupted at step
120", the last that was saved, from where the command that began it goes on if
it does not already; the verdict, accuracies in %, alignment, uniformity,
effective rank, and the seconds of training; the loss and in what else the runs
differ, where it is not the default.

    tfcmc runs runs --where loss=softmax "linear>50" --sort=linear

keeps the runs of which all conditions hold, of settings or columns (=, !=, <,
<=, >, >=; "loss=softmax" is softmax of any options), and sorts: accuracies
from the best, all else from low to high, --sort=-NAME the other way. With
--json or --csv everything is printed for other programs: every setting, in
full precision.
"""

import json
import sys

from tfcmc.cli import command_line
from tfcmc.comparison import listing
from tfcmc.foundation.paths import expanded


def main(argv=None):
    """Reads the command line and lists."""
    parser = command_line.make_parser("trainers.runs", __doc__)
    parser.add_argument(
        "folder", nargs="?", help="the folder to look through (default: runs)"
    )
    parser.add_argument(
        "--where",
        nargs="+",
        metavar="CONDITION",
        help="only runs of which these hold, such as loss=softmax",
    )
    parser.add_argument(
        "--sort",
        metavar="NAME",
        help="setting or column to sort by (default: the folder)",
    )
    form = parser.add_mutually_exclusive_group()
    for name in ("json", "csv"):
        told = f"print all as {name.upper()}"
        form.add_argument(f"--{name}", action="store_true", help=told)
    given = command_line.parse(parser, argv)
    folder = expanded("folder", given.get("folder", "runs"))
    found, unread = listing.find_runs(folder)
    kept = listing.chosen(found, given.get("where", ()))
    if "sort" in given:
        kept = listing.ordered(kept, given["sort"])
    if "json" in given:
        print(json.dumps(listing.records(kept), indent=2))
    elif "csv" in given:
        print(listing.csv_text(kept))
    else:
        if kept:
            print("\n".join(listing.screen_lines(kept)) + "\n")
        of = f" of {len(found):,}" if len(kept) < len(found) else ""
        print(f"{len(kept):,}{of} {'run' if len(found) == 1 else 'runs'}")
    for text in unread:
        print(f"cannot be read: {text}", file=sys.stderr)


if __name__ == "__main__":
    command_line.run(main, listing=True)
