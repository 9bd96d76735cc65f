"""Whole experiments: where names, settings, files and mathematics meet."""

import contextlib
import dataclasses
import os
import tempfile

from tfcmc.callbacks import (
    MeasureRepresentation,
    SaveCheckpoint,
    SaveHistory,
    ShowProgress,
    StopWhenNotFinite,
    WatchForCollapse,
)
from tfcmc.checks import UsageError
from tfcmc.data.stream import TrainingStream
from tfcmc.files import whole
from tfcmc.judging import Extent, judge
from tfcmc.lazy import keras, tf
from tfcmc.losses import Loss
from tfcmc.model import ContrastiveModel
from tfcmc.plan import open_run
from tfcmc.probes import PROBES
from tfcmc.runs import Run
from tfcmc.stage import Stage, hold_out, load, load_encoders, patient
from tfcmc.strategies import (
    check_batch_size,
    distribute,
    is_chief,
    make_strategy,
    share_from_chief,
)


def pretrain(plan, *, until=None, extent=None):
    """Trains two encoders and judges them; goes on where a run stopped.

    Args:
        plan: A `Plan`.
        until: The epoch to stop after, of those that the schedule spans; None
            for the last.
        extent: The `Extent` to judge in; None for all there is.

    Returns:
        What `metrics.json` holds; None on a machine that is not the chief.

    Raises:
        UsageError: if the data do not do, or the folder is another run's.
        NotFinite: if the loss is no number any more.
        Collapsed: if the embeddings collapse and the config says to stop.
    """
    config = plan.config
    run = open_run(plan)
    strategy = make_strategy(config.strategy)
    check_batch_size(strategy, config.batch_size)
    with own_folder(run, is_chief(strategy)) as run:
        source = load(plan)
        pictures, held_out = hold_out(source, config.seed)
        if config.batch_size > len(pictures):
            raise UsageError(
                f"`batch-size` must be at most the number of pictures to "
                f"learn from, {len(pictures):,}. Received: {config.batch_size}"
            )
        run.create()
        run.write_json("config.json", dataclasses.asdict(config))
        stage = Stage(plan, pictures.side, strategy.num_replicas_in_sync)
        with strategy.scope():
            encoders = stage.encoders()
        until = min(until or config.epochs, config.epochs)
        train(plan, run, stage, encoders, pictures, held_out, strategy, until)
        save(run, stage.views.names, encoders)
        if is_chief(strategy):
            extent = extent or Extent(probe_functions())
            return judge(plan, run, source, stage, encoders, extent)
        return None


@contextlib.contextmanager
def own_folder(run, chief):
    """Gives the run folder to the chief, and others one that passes away.

    All machines do the same, measure and stop alike; what the others write
    and print is of no use.

    Args:
        run: The `Run`.
        chief: Whether this process is the one that writes.

    Yields:
        The `Run` to write to.
    """
    if chief:
        yield run
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
    ):
        own = Run(folder)
        # Read before the chief adds to it, which waits for all to start.
        own.write_history(run.read_history())
        yield own


def save(run, names, encoders):
    """Saves one encoder a view, each whole or not at all."""
    for name, encoder in zip(names, encoders, strict=True):
        with whole(run.encoders / f"{name}.keras") as aside:
            encoder.save(aside)


def evaluate(plan, run):
    """Judges the encoders of a run folder again.

    Args:
        plan: The `Plan` it was trained by.
        run: Its `Run`.

    Returns:
        What `metrics.json` holds.

    Raises:
        UsageError: if its encoders are missing or damaged.
    """
    encoders = load_encoders(plan, run)
    source = load(plan)
    judged = run.read_json("metrics.json") or {}
    stage = Stage(plan, source.pretrain.side, judged.get("replicas", 1))
    extent = Extent(probe_functions())
    return judge(plan, run, source, stage, encoders, extent)


def train(plan, run, stage, encoders, pictures, held_out, strategy, until):
    """Fits the encoders, from the last checkpoint on.

    Args:
        plan: A `Plan`.
        run: The `Run`.
        stage: The `Stage`.
        encoders: One encoder a view; trained in place.
        pictures: What to learn from.
        held_out: The `Split` that every epoch is measured on.
        strategy: The `tf.distribute` strategy that the encoders are of.
        until: The epoch to stop after.
    """
    config = plan.config
    stream = TrainingStream(
        pictures,
        stage.crop,
        batch_size=config.batch_size,
        seed=config.seed,
        geometry=config.geometry,
        flip=config.flip,
    )
    steps = stream.steps_per_epoch
    with strategy.scope():
        model = make_model(plan, stage, encoders, len(pictures), steps)
        checkpoint = model.checkpoint()
    manager = tf.train.CheckpointManager(
        checkpoint, str(run.checkpoints), max_to_keep=2
    )
    if manager.latest_checkpoint:
        manager.restore_or_initialize()
    share_from_chief(strategy, checkpoint.variables)
    first = int(model.optimizer.iterations.numpy()) // steps
    rows = run.read_history()[:first]
    if first >= until:
        print(f"{run.folder}: trained already, {first} epochs")
        return
    if first:
        print(f"{run.folder}: goes on after epoch {first}")
    print(f"training with {plan.loss.spec}, {steps:,} steps an epoch")
    history = SaveHistory(run, rows)
    model.fit(
        distribute(
            strategy,
            lambda *part: stream.dataset(
                first * steps, (until - first) * steps, *part
            ),
        ),
        initial_epoch=first,
        epochs=until,
        steps_per_epoch=steps,
        shuffle=False,
        verbose=0,
        callbacks=[
            StopWhenNotFinite(steps),
            MeasureRepresentation(
                stage.reader(encoders),
                stage.activity_reader(encoders),
                held_out,
                stage.views.names,
                alpha=config.alpha,
                t=config.t,
            ),
            history,
            SaveCheckpoint(manager),
            ShowProgress(
                epochs=until,
                first_epoch=first,
                steps_per_epoch=steps,
                batch_size=config.batch_size,
            ),
            WatchForCollapse(
                history,
                patient(
                    plan,
                    stage,
                    encoders,
                    len(pictures),
                    len(held_out.pictures),
                ),
                stop=config.stop_on_collapse,
            ),
        ],
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


def probe_functions(names=None):
    """Returns probes by their names; every registered one if none is given."""
    names = names or PROBES.names()
    return {name: PROBES.lookup(name).function for name in names}
