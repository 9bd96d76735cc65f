"""Says what a data spec holds, of any source; fetches what TFDS has.

    tfcmc data tfds:cifar10

A dataset of TensorFlow Datasets that is not prepared in --data-dir is
downloaded and prepared there by it: `pretrain` and the others do that of stl10
alone, where it is not there. Then, of any data,

    tfcmc data folder:MY_IMAGES

prints the parts and what each is for, how many pictures of which size, the
classes and how many each part has of them, and what was left out or is odd.
Every picture is decoded, once, but those of records, whose checksums are
compared and of which some are looked at. --pack=FOLDER writes the data there,
as records that --data=records:FOLDER reads.
"""

from tfcmc.cli import command_line
from tfcmc.commands import data


def main(argv=None):
    """Reads the command line and looks."""
    data.run(command_line.parse(data.make_parser(__doc__), argv))


if __name__ == "__main__":
    command_line.run(main)
