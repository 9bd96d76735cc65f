"""Learns from pictures without labels, and judges what was learnt.

    tfcmc pretrain --loss=softmax

trains on embedded pictures in about a minute and prints the verdict. On
pictures of your own:

    tfcmc pretrain --loss="triplet(margin=0.5)" \\
        --data=folder:MY_IMAGES --run-dir=runs/mine

Two encoders learn to agree on two views of a picture, its L and its ab
channels. Written to the run folder: config.json, identity.json, history.csv,
metrics.json, encoders/*.keras, checkpoints/, figures/*.png and tensorboard/.
The same command goes on with an interrupted run.

--config=FILE takes the settings of a file, a run's config.json or a search's
best.json; what is given beside it goes first.
"""

import dataclasses

from tfcmc.cli import command_line, machines
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.recipe import make_plan, open_run
from tfcmc.runs.identity import defining

ADVICE = (
    "The same command, started again on all machines, goes on from what is "
    "saved."
)


def main(argv=None):
    """Reads the command line, trains and judges."""
    parser = command_line.make_parser("trainers.pretrain", __doc__)
    command_line.add_settings(parser, PretrainConfig)
    command_line.add_config(parser)
    plan = make_plan(make_config(command_line.parse(parser, argv)))
    if plan.config.budget and plan.config.steps is None:
        machines.check_alone(plan.config.strategy)  # what fits is one's own
    open_run(plan)  # refuses another experiment's folder at once
    settings = defining(dataclasses.asdict(plan.config))
    with machines.all_present(plan.config.strategy, settings, ADVICE):
        from tfcmc.experiment import pretrain  # loads TensorFlow: only now

        pretrain.pretrain(plan)


if __name__ == "__main__":
    command_line.run(main)
