"""The verdict on a run: measured, drawn, written down and printed.

Like `plan.py` it stands at the seam: it reads a plan, and hands plain
arguments down.
"""

import numpy as np

import tfcmc
from tfcmc import board, figures
from tfcmc.data.pictures import Subset, in_batches
from tfcmc.evaluation import verdict
from tfcmc.evaluation.features import encode, weights_hash
from tfcmc.lazy import keras, tf
from tfcmc.probes import Labelled
from tfcmc.stage import hold_out
from tfcmc.summary import count_epochs, verdict_text


def judge(plan, run, source, stage, encoders, probes):
    """Judges encoders, beside untrained ones and raw pixels.

    Args:
        plan: A `Plan`.
        run: The `Run` to write to.
        source: A `Source`.
        stage: The `Stage`.
        encoders: One trained encoder a view.
        probes: Probe name to function.

    Returns:
        What `metrics.json` holds.
    """
    names = stage.views.names
    hashes = hashes_of(names, encoders)
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
    judged = judged_pictures(plan, source)
    result["judged_on"] = "held-out" if source.test is None else "test"
    trained, encoded = measure(plan, source, stage, encoders, judged, probes)
    result |= trained
    result["untrained"], _ = measure(
        plan, source, stage, stage.encoders(), judged, probes
    )
    if source.labelled:
        result["raw_pixels"] = probe_raw_pixels(plan, source, probes)
    else:
        result["no_probe"] = "the data have no labelled train and test part"
    after = hashes_of(names, encoders)
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
    show_in_tensorboard(plan, run, source, encoded, result)
    run.write_json("metrics.json", result)
    print(verdict_text(result, names))
    print(f"everything is in {run.folder}")
    return result


def judged_pictures(plan, source):
    """Returns the pictures that a run is judged on."""
    if source.test is None:
        return hold_out(source, plan.config.seed)[1]
    return source.test.pictures


def hashes_of(names, encoders):
    """Returns view name to the hash of its encoder's weights."""
    return dict(zip(names, map(weights_hash, encoders), strict=True))


def measure(plan, source, stage, encoders, judged, probes):
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
    if source.labelled:
        numbers |= verdict.probe_views(
            probes,
            names,
            encode(read, source.probe_train.pictures),
            source.probe_train.labels,
            encoded,
            source.test.labels,
            plan.config.seed,
        )
    return numbers, encoded


def probe_raw_pixels(plan, source, probes):
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
    return verdict.run_probes(probes, *parts, seed=plan.config.seed)


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


def show_in_tensorboard(plan, run, source, encoded, result):
    """Writes embeddings, figures and a row of the table for TensorBoard.

    They make up a TensorBoard run of their own, so that the table has the
    verdict for its metrics and not every curve.
    """
    config = plan.config
    folder = run.tensorboard / "verdict"
    few = encoded.first(verdict.SPHERE_COUNT)
    board.write_projector(
        folder,
        few,
        plan.views.function().names,
        None if source.test is None else source.test.labels,
        source.class_names,
        Subset(judged_pictures(plan, source), np.arange(len(few.features[0]))),
    )
    board.write_images(
        folder, sorted(run.figures.glob("*.png")), step=config.epochs
    )
    settings = ("data", "epochs", "seed", "batch_size", "learning_rate")
    options = {"loss": plan.loss.name} | plan.loss.options
    for name in (*settings, "geometry"):
        options[name] = getattr(config, name)
    metrics = {
        f"sphere/{name}": result["sphere"][name]
        for name in ("alignment", "uniformity", "effective_rank")
    }
    for name in ("linear_probe", "mlp_head", "knn"):
        if name in result:
            metrics[f"accuracy/{name}"] = result[name]["accuracy"]
    board.write_hparams(folder, options, metrics, step=config.epochs)
