"""Learns from pictures without labels, and judges what was learnt."""

import dataclasses
import functools

from tfcmc.cli import command_line, machines
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.recipe import make_plan, open_run, with_own
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import alike

ADVICE = (
    "The same command, started again on all machines, goes on from what is "
    "saved."
)


def make_parser(manual: str | None = None) -> command_line.Parser:
    """Returns the parser of its options."""
    parser = command_line.make_parser("trainers.pretrain", manual)
    command_line.add_settings(parser, PretrainConfig)
    command_line.add_config(parser)
    return parser


def run(given: dict) -> Run:
    """Trains and judges."""
    plan = make_plan(make_config(with_own(given)))
    if plan.config.budget and plan.config.steps is None:
        machines.check_alone(plan.config.strategy)  # what fits is one's own
    run = open_run(plan)  # refuses another experiment's folder at once
    told = functools.partial(
        alike, dataclasses.asdict(plan.config), plan.code()
    )
    with machines.all_present(plan.config.strategy, told, ADVICE):
        from tfcmc.experiment import pretrain  # loads TensorFlow: only now

        pretrain.pretrain(plan)
    return run
