"""How many steps a training has: told, by epochs, or what fits in a time.

What fits is measured once, before the first step, and is from then on a
setting of the run: its schedule spans it, and what goes on goes on to the same
end, whatever else the machine does.
"""

import dataclasses

from tfcmc.experiment.cost import step_time
from tfcmc.foundation.errors import must
from tfcmc.training.interval import seconds_of

SHARE = 0.02  # of the budget that is measured for, in addition to it
LEAST, MOST = 1.0, 10.0  # seconds


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
