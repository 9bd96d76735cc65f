"""Runs a design of trainings, and says what each axis changes.

    tfcmc study FILE

FILE, in TOML, says what is asked: axes with their levels, seeds, and what all
runs share.

    seeds = [0, 1, 2]
    metric = "linear_probe"

    [settings]
    data = "tfds:NAME"
    epochs = 20

    [axes]
    loss = ["spring", "triplet", "softmax", "nce"]
    pictures = [5000, 20000]

    [axes.frame]
    lab = {views = "lab"}
    simclr = {preset = "simclr"}

An axis is a setting and its values, or a name with levels, each of which is
some settings; "loss.margin" = [0.5, 1.4] is an option of the loss. Every
combination is trained at every seed. With cells = 12, twelve combinations are:
those that tell the most of each axis and of each two together; [[without]]
leaves combinations out, as in without = [{loss = "spring", frame = "simclr"}].
With --time=90min, or time in the file, no run is begun that would not end by
then. What is finished is skipped, what was interrupted goes on, and a run that
breaks leaves the others alone: the same command goes on.

Written to the folder: a run folder a combination and seed, study.md, table.md,
table.csv, table.tex, runs.csv, figures/*.png, and report.html: the ranking
with the probability that each is the best, what each axis changes and each two
together, with intervals over seeds, what time buys, and the answer in words.
"""

import shlex
import sys

from tfcmc.cli import command_line
from tfcmc.commands import study


def main(argv=None):
    """Reads the command line, trains what is missing, and says what it is."""
    words = sys.argv[1:] if argv is None else argv
    given = command_line.parse(study.make_parser(__doc__), argv)
    found = study.run(given, shlex.join(["tfcmc", "study", *words]))
    if found.failures:
        sys.exit(1)


if __name__ == "__main__":
    command_line.run(main)
