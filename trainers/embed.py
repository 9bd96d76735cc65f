"""Writes the features of pictures by the encoders of a run to a file.

    tfcmc embed runs/mine --data=folder:MY_IMAGES --out=mine.npz

One row a picture: what names it, and `features`, those of all branches side
by side, 768 numbers by default. A folder gives every picture beneath it,
whatever its sub-folders, under `name`, relative to the folder; other data
give all their parts under `part`, `number` and `class`. What is skipped has no
row, and its number is no other's. Pictures are written as they are read,
however many there are, and FILE appears when it is whole.

.npz holds arrays, .csv one column a number, .parquet lists (needs pyarrow).
"""

from tfcmc.cli import command_line
from tfcmc.experiment.config import ON_BAD_IMAGE
from tfcmc.experiment.recipe import stored_plan
from tfcmc.runs.outputs import check_output
from tfcmc.using.vector_files import check_out


def main(argv=None):
    """Reads the command line and embeds."""
    parser = command_line.make_parser("trainers.embed", __doc__)
    parser.add_argument("run", help="the run folder")
    command_line.add_data(parser, "spec of the data (default: the run's own)")
    parser.add_argument(
        "--out",
        metavar="FILE",
        required=True,
        help="file ending in .npz, .csv or .parquet",
    )
    parser.add_argument(
        "--embeddings",
        action="store_true",
        help="also write each branch's embedding, of unit length",
    )
    parser.add_argument(
        "--on-bad-image",
        metavar="|".join(ON_BAD_IMAGE),
        help="stop at an image that cannot be read, or skip and count it "
        "(default: as the run)",
    )
    given = command_line.parse(parser, argv)
    out = given.pop("out")
    embeddings = given.pop("embeddings", False)
    check_out(out)
    plan, run = stored_plan(given.pop("run"), **given)
    check_output(out, plan, run)
    from tfcmc.using import embed  # loads TensorFlow: only now

    embed.embed(plan, run, out, embeddings=embeddings)


if __name__ == "__main__":
    command_line.run(main)
