"""Whole experiments: where names, settings, files and mathematics meet."""

import dataclasses
import os

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
from tfcmc.judging import judge
from tfcmc.lazy import keras, tf
from tfcmc.losses import Loss
from tfcmc.model import ContrastiveModel
from tfcmc.plan import open_run
from tfcmc.probes import PROBES
from tfcmc.stage import Stage, hold_out, load, load_encoders, patient


def pretrain(plan):
    """Trains two encoders and judges them; goes on where a run stopped.

    Args:
        plan: A `Plan`.

    Returns:
        What `metrics.json` holds.

    Raises:
        UsageError: if the data do not do, or the folder is another run's.
        NotFinite: if the loss is no number any more.
        Collapsed: if the embeddings collapse and the config says to stop.
    """
    config = plan.config
    run = open_run(plan)
    source = load(plan)
    pictures, held_out = hold_out(source, config.seed)
    if config.batch_size > len(pictures):
        raise UsageError(
            f"`batch-size` must be at most the number of pictures to learn "
            f"from, {len(pictures):,}. Received: {config.batch_size}"
        )
    run.create()
    run.write_json("config.json", dataclasses.asdict(config))
    stage = Stage(plan, pictures.side)
    encoders = stage.encoders()
    train(plan, run, stage, encoders, pictures, held_out)
    for name, encoder in zip(stage.views.names, encoders, strict=True):
        path = run.encoders / f"{name}.keras"
        aside = run.encoders / f"partial-{name}.keras"
        encoder.save(aside)
        os.replace(aside, path)
    return judge(plan, run, source, stage, encoders, probe_functions())


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
    stage = Stage(plan, source.pretrain.side)
    return judge(plan, run, source, stage, encoders, probe_functions())


def train(plan, run, stage, encoders, pictures, held_out):
    """Fits the encoders, from the last checkpoint on.

    Args:
        plan: A `Plan`.
        run: The `Run`.
        stage: The `Stage`.
        encoders: One encoder a view; trained in place.
        pictures: What to learn from.
        held_out: The `Split` that every epoch is measured on.
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
    model = ContrastiveModel(
        encoders,
        convert=stage.views.convert,
        pad=stage.crop.pad,
        loss=Loss(plan.loss),
        negatives=plan.negatives.function(),
        examples=len(pictures),
        seed=config.seed,
    )
    # XLA would halve the speed of the convolutions on a CPU; the colours are
    # compiled by themselves.
    model.compile(optimizer=make_optimizer(config, steps), jit_compile=False)
    manager = tf.train.CheckpointManager(
        model.checkpoint(), str(run.checkpoints), max_to_keep=2
    )
    if manager.latest_checkpoint:
        manager.restore_or_initialize()
    first = int(model.optimizer.iterations.numpy()) // steps
    rows = run.read_history()[:first]
    if first >= config.epochs:
        print(f"{run.folder}: trained already, {first} epochs")
        return
    if first:
        print(f"{run.folder}: goes on after epoch {first}")
    print(f"training with {plan.loss.spec}, {steps:,} steps an epoch")
    history = SaveHistory(run, rows)
    model.fit(
        stream.dataset(first * steps, (config.epochs - first) * steps),
        initial_epoch=first,
        epochs=config.epochs,
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
                epochs=config.epochs,
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


def probe_functions():
    """Returns every registered probe by its name."""
    return {name: PROBES.lookup(name).function for name in PROBES.names()}
