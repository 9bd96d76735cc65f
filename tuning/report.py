"""Writes down what a search found, from its folder.

    tfcmc report runs/tune-softmax

A search ends with this; alone it does it again, or says where a search that
still runs has got to. Written to the folder: best.json, the settings of the
best trial, for `tfcmc pretrain --config=FILE`; table.md and
table.csv, all trials in order; figures/*.png; analysis.json, what each option
matters and how objectives without labels agree with the probe; and, once the
search has ended, verdict.json: the best trial and the defaults on the test
part, which nothing else in a search reads.
"""

from tfcmc.cli import command_line
from tfcmc.searches.report import report


def main(argv=None):
    """Reads the command line and reports."""
    parser = command_line.make_parser("tuning.report", __doc__)
    parser.add_argument("search", help="the folder of a search")
    report(command_line.parse(parser, argv)["search"])


if __name__ == "__main__":
    command_line.run(main)
