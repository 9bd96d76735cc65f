"""Draws the pictures that a run finds nearest to an image.

    tfcmc neighbours runs/mine IMAGE --data=folder:MY_IMAGES

searches every picture of the data; without --data, the run's own test
pictures. Nearest is by the cosine of the features of all branches. The list is
printed, and drawn in the run's figures/neighbours-IMAGE-HASH.png; HASH tells
images of one name apart, by their folders.
"""

import contextlib
import hashlib
import os
import pathlib

from tfcmc.cli import command_line
from tfcmc.experiment.recipe import stored_plan
from tfcmc.foundation.errors import check_number, check_writable, must
from tfcmc.runs.folder import Run
from tfcmc.runs.outputs import check_output

MOST = 100  # neighbours on one sheet
LONGEST_STEM = 50  # of the image's name in that of its sheet, in characters


def main(argv=None):
    """Reads the command line and searches."""
    parser = command_line.make_parser("trainers.neighbours", __doc__)
    parser.add_argument("run", help="the run folder")
    parser.add_argument("image", help="an image file")
    command_line.add_data(
        parser, "spec of the data to search (default: the run's test pictures)"
    )
    parser.add_argument(
        "--count",
        type=command_line.reader("--count", int),
        help="how many to find (default: 8)",
    )
    parser.add_argument("--out", help="file ending in .png")
    given = command_line.parse(parser, argv)
    image, out = given.pop("image"), given.pop("out", None)
    count = given.pop("count", 8)
    check_number("count", count, whole=True, at_least=1, at_most=MOST)
    if not os.path.isfile(image):
        raise must("image", "an image file", image)
    everything = "data" in given
    plan, run = stored_plan(given.pop("run"), **given)
    if out is None:
        out = sheet_of(run, image)
    else:
        check_output(out, plan, run, image)
    check_writable("out", out, (".png",))
    from tfcmc.using import neighbours  # loads TensorFlow: only now

    neighbours.neighbours(
        plan, run, image, out, count=count, everything=everything
    )


def sheet_of(run: Run, image: str) -> pathlib.Path:
    """Returns the file in a run's folder that an image's neighbours go to."""
    with contextlib.suppress(OSError):  # one that is read only is told next
        run.figures.mkdir(exist_ok=True)
    # The whole name may be as long as a file's can be.
    stem = pathlib.Path(image).stem[:LONGEST_STEM]
    path = os.fsencode(os.path.realpath(image))
    told_apart = hashlib.sha256(path).hexdigest()[:8]
    return run.figures / f"neighbours-{stem}-{told_apart}.png"


if __name__ == "__main__":
    command_line.run(main)
