"""Whole experiments: where names, settings, files and mathematics meet."""

import dataclasses
import os

import numpy as np

import tfcmc
from tfcmc import figures
from tfcmc.callbacks import (
    MeasureRepresentation,
    SaveCheckpoint,
    SaveHistory,
    ShowProgress,
    StopWhenNotFinite,
)
from tfcmc.checks import UsageError
from tfcmc.data.pictures import Subset, in_batches
from tfcmc.data.stream import TrainingStream
from tfcmc.evaluation import verdict
from tfcmc.evaluation.features import encode, weights_hash
from tfcmc.lazy import keras, tf
from tfcmc.losses import Loss
from tfcmc.model import ContrastiveModel
from tfcmc.plan import open_run
from tfcmc.probes import PROBES, Labelled
from tfcmc.stage import Stage, load_encoders, read_source
from tfcmc.summary import count_epochs, verdict_text

HELD_OUT = 1000  # pictures that every epoch is measured on


def pretrain(plan):
    """Trains two encoders and judges them; goes on where a run stopped.

    Args:
        plan: A `Plan`.

    Returns:
        What `metrics.json` holds.

    Raises:
        UsageError: if the data do not do, or the folder is another run's.
        NotFinite: if the loss is no number any more.
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
    return judge(plan, run, source, stage, encoders)


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
    return judge(plan, run, source, stage, encoders)


def load(plan):
    """Reads the data and checks that they can be learnt from.

    Args:
        plan: A `Plan`.

    Returns:
        A `Source`.

    Raises:
        UsageError: if they cannot.
    """
    config = plan.config
    source = read_source(plan)
    views = plan.views.function()
    count = len(source.pretrain)
    blank = sum(
        int(views.blank(batch).sum())
        for batch in in_batches(source.pretrain, 1024)
    )
    if 2 * blank > count:
        raise UsageError(
            f"`data` must be colour pictures for the views "
            f"{' and '.join(views.names)}. Received: {blank:,} of {count:,} "
            f"{views.blank_word}"
        )
    check_labelled(source)
    parts = [f"{count:,} to learn from"]
    for role, split in (
        ("to fit probes on", source.probe_train),
        ("to test on", source.test),
    ):
        if split is not None:
            parts.append(f"{len(split.pictures):,} {role}")
    side = source.pretrain.side
    print(config.data)
    print(f"  pictures of {side}x{side}: {', '.join(parts)}")
    for note in source.notes:
        print(f"  note: {note}")
    if blank:
        print(
            f"  note: {blank:,} of {count:,} are {views.blank_word}: "
            f"there is nothing to match in them"
        )
    return source


def check_labelled(source):
    """Checks that probes can be fitted and judged.

    Args:
        source: A `Source`.

    Raises:
        UsageError: if there are labels, and too few for that.
    """
    if source.probe_train is None or source.test is None:
        return
    counts = np.bincount(source.probe_train.labels)
    if np.sum(counts > 1) < 2:
        raise UsageError(
            f"`data` must have at least two classes with two pictures in the "
            f"train part. Received: {[int(n) for n in counts if n]} pictures "
            f"of {np.sum(counts > 0)} classes"
        )
    if len(source.test.labels) < 2:
        raise UsageError(
            f"`data` must have at least two pictures in the test part. "
            f"Received: {len(source.test.labels)}"
        )


def hold_out(source, seed):
    """Chooses the pictures that every epoch is measured on.

    Where probe-train is not learnt from, they are some of its pictures; else
    they are taken out of what is learnt from. They are never of the test.

    Args:
        source: A `Source`.
        seed: Of the choice.

    Returns:
        `(pictures, held_out)`: what to learn from, and what to measure on.
    """
    apart = source.unseen and source.probe_train is not None
    pool = source.probe_train.pictures if apart else source.pretrain
    order = np.random.default_rng(seed).permutation(len(pool))
    count = min(HELD_OUT, len(pool) if apart else max(2, len(pool) // 10))
    held_out = Subset(pool, np.sort(order[:count]))
    if apart:
        return source.pretrain, held_out
    return Subset(pool, np.sort(order[count:])), held_out


def train(plan, run, stage, encoders, pictures, held_out):
    """Fits the encoders, from the last checkpoint on.

    Args:
        plan: A `Plan`.
        run: The `Run`.
        stage: The `Stage`.
        encoders: One encoder a view; trained in place.
        pictures: What to learn from.
        held_out: What every epoch is measured on.
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
                held_out,
                stage.views.names,
                alpha=config.alpha,
                t=config.t,
            ),
            SaveHistory(run, rows),
            SaveCheckpoint(manager),
            ShowProgress(
                epochs=config.epochs,
                first_epoch=first,
                steps_per_epoch=steps,
                batch_size=config.batch_size,
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


def judge(plan, run, source, stage, encoders):
    """Judges encoders, beside untrained ones and raw pixels.

    Args:
        plan: A `Plan`.
        run: The `Run` to write to.
        source: A `Source`.
        stage: The `Stage`.
        encoders: One trained encoder a view.

    Returns:
        What `metrics.json` holds.
    """
    names = stage.views.names
    hashes = dict(zip(names, map(weights_hash, encoders), strict=True))
    print("judging the frozen features")
    result = {
        "loss": plan.loss.spec,
        "data": plan.data.spec,
        "seed": plan.config.seed,
        "epochs": plan.config.epochs,
        "geometry": plan.config.geometry,
        "alpha": plan.config.alpha,
        "t": plan.config.t,
        "picture_side": source.pretrain.side,
        "versions": {
            "tfcmc": tfcmc.__version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
        },
        "encoders_sha256": hashes,
    }
    if source.test is None:
        judged = hold_out(source, plan.config.seed)[1]
        result["judged_on"] = "held-out"
    else:
        judged = source.test.pictures
        result["judged_on"] = "test"
    trained, encoded = measure(plan, source, stage, encoders, judged)
    result |= trained
    untrained = stage.encoders()
    result["untrained"] = measure(plan, source, stage, untrained, judged)[0]
    if source.probe_train is not None and source.test is not None:
        result["raw_pixels"] = probe_raw_pixels(plan, source)
    else:
        result["no_probe"] = "the data have no labelled train and test part"
    after = dict(zip(names, map(weights_hash, encoders), strict=True))
    if after != hashes:
        raise RuntimeError(
            f"the encoders' weights changed while they were judged: "
            f"{hashes} before, {after} after"
        )
    dim = encoded.embeddings[0].shape[1]
    result["floors"] = verdict.floors(
        dim, alpha=plan.config.alpha, t=plan.config.t
    )
    draw(plan, run, source, encoded, result)
    run.write_json("metrics.json", result)
    print(verdict_text(result, names))
    print(f"everything is in {run.folder}")
    return result


def measure(plan, source, stage, encoders, judged):
    """Runs all metrics and probes on one pair of encoders.

    Returns:
        `(numbers, encoded)`; `encoded` are the pictures of `judged`.
    """
    names = stage.views.names
    read = stage.reader(encoders)
    encoded = encode(read, judged)
    constants = {"alpha": plan.config.alpha, "t": plan.config.t}
    few = encoded.first(verdict.SPHERE_COUNT)
    few = verdict.sphere(names, few, **constants)
    numbers = {
        "alignment": few["alignment"],
        "uniformity": few["uniformity"],
        "sphere": few,
        "sphere_all": verdict.sphere(
            names, encoded, intervals=True, **constants
        ),
    }
    if source.probe_train is not None and source.test is not None:
        numbers |= verdict.probe_views(
            probe_functions(),
            names,
            encode(read, source.probe_train.pictures),
            source.probe_train.labels,
            encoded,
            source.test.labels,
            plan.config.seed,
        )
    return numbers, encoded


def probe_functions():
    """Returns every registered probe by its name."""
    return {name: PROBES.lookup(name).function for name in PROBES.names()}


def probe_raw_pixels(plan, source):
    """Runs every probe on raw pixels."""
    parts = [
        Labelled(
            np.concatenate(
                [
                    verdict.raw_pixels(batch)
                    for batch in in_batches(split.pictures, 1024)
                ]
            ),
            split.labels,
        )
        for split in (source.probe_train, source.test)
    ]
    return verdict.run_probes(probe_functions(), *parts, seed=plan.config.seed)


def draw(plan, run, source, encoded, result):
    """Draws the figures of one run; notes the map's trustworthiness."""
    run.create()
    title = (
        f"{plan.loss.spec}\n{plan.data.spec}, "
        f"{count_epochs(plan.config.epochs)}, seed {plan.config.seed}"
    )
    few = encoded.first(verdict.SPHERE_COUNT)
    figures.alignment_histogram(
        few, title, run.figures / "alignment_histogram.png"
    )
    labels = None
    if source.test is not None:
        labels = source.test.labels[: verdict.SPHERE_COUNT]
    if len(few.features[0]) >= 4:
        result["tsne_trustworthiness"] = figures.tsne_map(
            few,
            labels,
            source.class_names,
            title,
            run.figures / "tsne.png",
            seed=plan.config.seed,
        )
