"""Learns from pictures without labels, and judges what was learnt.

    tfcmc pretrain --loss=softmax

trains on embedded pictures in two minutes and prints the verdict. On
pictures of your own:

    tfcmc pretrain --loss="triplet(margin=0.5)" \\
        --data=folder:MY_IMAGES --run-dir=runs/mine

Two encoders learn to agree on two views of a picture, its L and its ab
channels. Written to the run folder: config.json, identity.json, history.csv,
metrics.json, encoders/*.keras, checkpoints/, figures/*.png and tensorboard/.
The same command goes on with an interrupted run, and

    tfcmc pretrain --run-dir=runs/mine --epochs=40

trains a finished one longer, with its own settings: a schedule other than
constant starts again over the epochs added. --init=RUN starts from the weights
of another run.

--config=FILE takes the settings of a file, a run's config.json or a search's
best.json; what is given beside it goes first.
"""

from tfcmc.cli import command_line
from tfcmc.commands import pretrain


def main(argv=None):
    """Reads the command line, trains and judges."""
    pretrain.run(command_line.parse(pretrain.make_parser(__doc__), argv))


if __name__ == "__main__":
    command_line.run(main)
