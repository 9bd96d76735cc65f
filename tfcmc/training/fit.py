"""Fitting a model from one step to another."""

from tfcmc.distribute.strategies import distribute
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras


def fit(model, strategy, stream, start, end, callbacks):
    """Trains from one step to another, of one epoch or of whole ones.

    Args:
        model: The compiled model.
        strategy: The `tf.distribute` strategy that it is of.
        start: Steps done.
        end: Steps done afterwards.

    Raises:
        UsageError: if a batch cannot be read.
    """
    steps = stream.steps_per_epoch
    with stream.told():
        model.fit(
            distribute(
                strategy,
                lambda *part: stream.dataset(start, end - start, *part),
            ),
            initial_epoch=start // steps,
            epochs=-(-end // steps),
            steps_per_epoch=min(steps, end - start),
            shuffle=False,
            verbose=0,
            callbacks=callbacks,
        )


def spans(first, last, steps):
    """Cuts a training into what `fit` can do at once.

    Args:
        first: Steps done.
        last: Steps wanted.
        steps: An epoch's.

    Returns:
        Pairs of steps, `(from, to)`: the rest of the epoch begun, if one is,
        the whole epochs after it, and the part of one at the end.
    """
    begun = min(last, -(-first // steps) * steps)
    whole = max(begun, last // steps * steps)
    pairs = [(first, begun), (begun, whole), (whole, last)]
    return [(start, end) for start, end in pairs if start < end]


class Restarted(keras.optimizers.schedules.LearningRateSchedule):
    """What a schedule says, counted from a later step.

    Args:
        begun: Steps done where it begins.

    Reference: Loshchilov and Hutter 2017, "SGDR".
    """

    def __init__(self, schedule, begun: int):
        self._schedule = schedule
        self._begun = begun

    def __call__(self, step):
        return self._schedule(step - self._begun)


def restore(model, saved, run) -> None:
    """Sets a model to a checkpoint of its run.

    Raises:
        UsageError: if it is another model's.
    """
    try:
        model.set_state(saved.arrays)
    except ValueError as error:
        raise UsageError(
            f"`run-dir` must hold a checkpoint of this model to go on with. "
            f"Received: {str(run.folder)!r} ({error})"
        ) from None


def rows_before(saved, run, epochs: int) -> list:
    """Returns the rows of the epochs done, and mends the history by them.

    Args:
        saved: The `Checkpoint` gone on from; it is the chief's alone.
        epochs: How many epochs are done.
    """
    if not epochs:
        return []
    rows = saved.state["rows"] if saved.step else run.read_history()
    run.write_history(rows[:epochs])
    return rows[:epochs]
