"""Training: from the last checkpoint to the last epoch.

Like `plan.py` it stands at the seam: it reads a plan, and hands plain
arguments down.
"""

from tfcmc.data.stream import TrainingStream
from tfcmc.distribute.strategies import distribute, is_chief, share_from_chief
from tfcmc.experiment.stage import patient
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras
from tfcmc.foundation.signals import Interrupted, noted
from tfcmc.losses import Loss
from tfcmc.model import ContrastiveModel
from tfcmc.report.summary import place
from tfcmc.training.checkpoints import Checkpoints
from tfcmc.training.interval import Interval
from tfcmc.training.measuring import MeasureRepresentation
from tfcmc.training.progress import ShowProgress
from tfcmc.training.saving import GoOn, SaveCheckpoint, SaveHistory
from tfcmc.training.stopping import StopWhenNotFinite, WatchForCollapse


def train(
    plan, run, stage, encoders, pictures, held_out, strategy, until, saved
):
    """Fits the encoders, from a checkpoint on.

    Args:
        plan: A `Plan`.
        run: The `Run`.
        stage: The `Stage`.
        encoders: One encoder a view; trained in place.
        pictures: What to learn from.
        held_out: The `Split` that every epoch is measured on.
        strategy: The `tf.distribute` strategy that the encoders are of.
        until: The epoch to stop after.
        saved: The `Checkpoint` that `claim` returned.

    Raises:
        Interrupted: if it was told to stop; it has saved where it was.
    """
    config = plan.config
    stream = make_stream(plan, stage, pictures)
    steps = stream.steps_per_epoch
    with strategy.scope():
        model = make_model(plan, stage, encoders, len(pictures), steps)
        variables = model.state()
    if saved.step:
        restore(model, saved, run)
    share_from_chief(strategy, variables)
    first, last = model.steps_done(), until * steps
    rows = rows_before(saved, run, first // steps)
    if first >= last:
        print(f"{run.folder}: trained already, {first // steps} epochs")
        return
    if first:
        print(f"{run.folder}: goes on after {place(first, steps)}")
    print(f"training with {plan.loss.spec}, {steps:,} steps an epoch")
    history = SaveHistory(run, rows, saved.state["seconds"])
    with noted() as told:
        save = SaveCheckpoint(
            Checkpoints(run.checkpoints) if is_chief(strategy) else None,
            history,
            identity=saved.state["identity"],
            steps_per_epoch=steps,
            due=Interval(config.save_every).due,
            told=told,
        )
        progress = ShowProgress(
            epochs=until,
            first_step=first,
            steps_per_epoch=steps,
            batch_size=config.batch_size,
        )
        callbacks = make_callbacks(
            plan, stage, encoders, pictures, held_out, history, save, progress
        )
        if first % steps:
            callbacks.append(GoOn(model))
        for span in spans(first, last, steps):
            fit(model, strategy, stream, *span, callbacks)
        if told() is not None:
            raise Interrupted(told(), place(last, steps))


def rows_before(saved, run, epochs):
    """Returns the rows of the epochs done, and mends the history by them.

    Args:
        saved: The `Checkpoint` gone on from; it is the chief's alone.
        run: The `Run`.
        epochs: How many epochs are done.
    """
    if not epochs:
        return []
    rows = saved.state["rows"] if saved.step else run.read_history()
    run.write_history(rows[:epochs])
    return rows[:epochs]


def make_callbacks(
    plan, stage, encoders, pictures, held_out, history, save, progress
):
    """Returns what happens beside the steps, in its order.

    Args:
        plan: A `Plan`.
        stage: The `Stage`.
        encoders: One encoder a view.
        pictures: What to learn from.
        held_out: The `Split` that every epoch is measured on.
        history: The `SaveHistory`.
        save: The `SaveCheckpoint`.
        progress: The `ShowProgress`.
    """
    counts = len(pictures), len(held_out.pictures)
    return [
        StopWhenNotFinite(),
        MeasureRepresentation(
            stage.reader(encoders),
            stage.activity_reader(encoders),
            held_out,
            stage.views.names,
            alpha=plan.config.alpha,
            t=plan.config.t,
        ),
        history,
        save,
        progress,
        WatchForCollapse(
            history,
            patient(plan, stage, encoders, *counts),
            stop=plan.config.stop_on_collapse,
        ),
    ]


def fit(model, strategy, stream, start, end, callbacks):
    """Trains from one step to another, of one epoch or of whole ones.

    Args:
        model: The compiled model.
        strategy: The `tf.distribute` strategy that it is of.
        stream: The `TrainingStream`.
        start: Steps done.
        end: Steps done afterwards.
        callbacks: Keras's.
    """
    steps = stream.steps_per_epoch
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
        and the whole epochs after it.
    """
    whole = min(last, -(-first // steps) * steps)
    pairs = [(first, whole), (whole, last)]
    return [(start, end) for start, end in pairs if start < end]


def restore(model, saved, run):
    """Sets a model to a checkpoint of its run."""
    try:
        model.set_state(saved.arrays)
    except ValueError as error:
        raise UsageError(
            f"`run-dir` must hold a checkpoint of this model to go on with. "
            f"Received: {str(run.folder)!r} ({error})"
        ) from None


def make_stream(plan, stage, pictures):
    """Returns the `TrainingStream` of a plan.

    Args:
        plan: A `Plan`.
        stage: The `Stage`.
        pictures: What to learn from.
    """
    config = plan.config
    return TrainingStream(
        pictures,
        stage.crop,
        batch_size=config.batch_size,
        seed=config.seed,
        geometry=config.geometry,
        flip=config.flip,
    )


def make_model(plan, stage, encoders, examples, steps):
    """Returns the compiled model.

    Args:
        plan: A `Plan`.
        stage: The `Stage`.
        encoders: One encoder a view.
        examples: Number of training pictures.
        steps: Steps an epoch.
    """
    model = ContrastiveModel(
        encoders,
        convert=stage.views.convert,
        pad=stage.crop.pad,
        loss=Loss(plan.loss),
        negatives=plan.negatives.function(),
        examples=examples,
        seed=plan.config.seed,
    )
    # XLA would halve the speed of the convolutions on a CPU; the colours are
    # compiled by themselves.
    model.compile(
        optimizer=make_optimizer(plan.config, steps), jit_compile=False
    )
    return model


def make_optimizer(config, steps_per_epoch):
    """Returns Adam with the config's learning-rate schedule."""
    rate = config.learning_rate
    if config.schedule == "cosine":
        steps = config.epochs * steps_per_epoch
        warmup = round(config.warmup * steps)
        rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0 if warmup else rate,
            decay_steps=max(1, steps - warmup),
            warmup_target=rate if warmup else None,
            warmup_steps=warmup,
        )
    return keras.optimizers.Adam(
        rate, beta_1=config.beta_1, beta_2=config.beta_2
    )
