"""What a step of a plan costs, in time and memory, and how many fit in a time.

What fits is measured once, before the first step, and is from then on a
setting of the run: its schedule spans it, and what goes on goes on to the same
end, whatever else the machine does.
"""

import dataclasses

from tfcmc.data.pictures import Subset
from tfcmc.distribute.strategies import make_strategy
from tfcmc.evaluation.verdict import sample_rows
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.config import MANY
from tfcmc.experiment.data import read_source
from tfcmc.experiment.train import compiled
from tfcmc.foundation.errors import check_number, must
from tfcmc.foundation.lazy import settled, tf
from tfcmc.foundation.memory import megabytes_of
from tfcmc.training.interval import seconds_of
from tfcmc.training.pace import seconds_a_step

SECONDS = 5.0  # to measure a cost for, beside what compiling takes
SHARE = 0.02  # of a budget that is measured for, in addition to it
LEAST, MOST = 1.0, 10.0  # seconds of that


def settle(plan, learnt, strategy):
    """Settles how many steps and epochs a plan trains for.

    Args:
        learnt: Pictures to learn from.
        strategy: The `tf.distribute` strategy.

    Returns:
        The `Plan` with both.

    Raises:
        UsageError: if epochs are given that are not those of its steps.
    """
    config = plan.config
    if config.steps is None and config.budget is None:
        return plan
    steps = config.steps or _fitting(plan, learnt, strategy)
    epochs = -(-steps // (len(learnt) // config.batch_size))
    if config.epochs not in (None, epochs):
        raise must("epochs", "left out with --steps", config.epochs)
    config = dataclasses.replace(config, steps=steps, epochs=epochs)
    return dataclasses.replace(plan, config=config)


def _fitting(plan, learnt, strategy):
    """How many steps fit in the budget, by the time of some."""
    budget = seconds_of(plan.config.budget)
    measured = min(max(SHARE * budget, LEAST), MOST)
    seconds = step_time(plan, learnt, strategy, measured)
    steps = max(1, round(budget / seconds))
    print(
        f"budget {plan.config.budget}: {1000 * seconds:,.0f} ms a step, "
        f"{steps:,} steps"
    )
    return steps


def step_time(plan, pictures, strategy, seconds: float) -> float:
    """Measures the time of a step on a model made for it alone.

    Args:
        plan: A `Plan`; how long it trains is not read.
        pictures: What to learn from.
        strategy: The `tf.distribute` strategy.
        seconds: To measure for, beside what compiling takes.

    Returns:
        Seconds a step.
    """
    # No length changes the time, and nothing begins after such a one.
    config = dataclasses.replace(plan.config, epochs=1, steps=MANY)
    plan = dataclasses.replace(plan, config=config)
    architecture = Architecture(plan, pictures.side)
    stream = architecture.stream(pictures)
    with strategy.scope():
        branches = architecture.branches()
        model = compiled(
            plan, architecture, branches, pictures, stream.steps_per_epoch
        )
    return seconds_a_step(model, strategy, stream, seconds)


@settled()
def step_cost(plan) -> dict:
    """Measures a step of a plan, on its data, on the devices that it takes.

    Returns:
        `seconds` a step, without compiling; `megabytes` of a million bytes
        that memory rose by, in the process or, where there is one, on the
        first GPU; and `batch_size`, pictures a step.

    Raises:
        UsageError: if there are fewer pictures than in a step.
    """
    config = plan.config
    pictures = read_source(plan).pretrain
    if config.pictures is not None and config.pictures < len(pictures):
        pictures = Subset(
            pictures, sample_rows(len(pictures), config.pictures)
        )
    check_number(
        "batch-size", config.batch_size, whole=True, at_most=len(pictures)
    )
    strategy = make_strategy(config.strategy)

    megabytes, seconds = megabytes_of(
        lambda: step_time(plan, pictures, strategy, SECONDS)
    )
    if gpus := tf.config.list_logical_devices("GPU"):
        used = tf.config.experimental.get_memory_info(gpus[0].name)
        megabytes = used["peak"] / 1e6
    return {
        "seconds": seconds,
        "megabytes": megabytes,
        "batch_size": config.batch_size,
    }
