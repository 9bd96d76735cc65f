"""Trains every loss with every seed on equal terms, and compares them.

    tfcmc compare --losses spring triplet softmax nce \\
        --seeds 0 1 2 --data=tfds:NAME --data-dir=DIR --run-dir=runs/table1

All runs see the same data in the same order for as many steps; a seed gives
all losses the same initial weights. What the folder has finished is skipped,
what was interrupted goes on, and a run that breaks leaves the others alone.

With --presets, whole methods are compared, for as many epochs or, with
--budget, in as much time; with both, each loss in the frame of each method:

    tfcmc compare --presets simclr byol --seeds 0 1 2
    tfcmc compare --preset=simclr --losses nt_xent triplet

With --tuned, the folders of searches with equal budgets, every loss is
compared with itself, at its defaults and at the best of its search:

    tfcmc compare --tuned runs/tune-softmax runs/tune-triplet \\
        --seeds 0 1 2 --run-dir=runs/tuned

Settings that are not given are then the searches'.

Written to the folder: a run folder a row and seed (LOSS-SEED or PRESET-SEED,
with its log.txt), table.md, table.csv, table.tex, without_labels.csv,
figures/*.png, and report.html, one file that opens anywhere. On a CPU,
--jobs=2 or more trains several runs at once, each on its share of the cores.
"""

import shlex
import sys

from tfcmc.cli import command_line
from tfcmc.commands import compare


def main(argv=None):
    """Reads the command line, trains what is missing, and compares."""
    words = sys.argv[1:] if argv is None else argv
    given = command_line.parse(compare.make_parser(__doc__), argv)
    found = compare.run(given, shlex.join(["tfcmc", "compare", *words]))
    if found.failures:
        sys.exit(1)


if __name__ == "__main__":
    command_line.run(main)
