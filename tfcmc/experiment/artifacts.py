"""What is to be seen of a judged run: figures, vectors, TensorBoard."""

import dataclasses
import functools

import numpy as np

from tfcmc.data.pictures import Subset
from tfcmc.evaluation.features import Encoded
from tfcmc.evaluation.negative_weights import (
    negative_weights,
    weighs_negatives,
)
from tfcmc.evaluation.verdict import SPHERE_COUNT, sample_rows
from tfcmc.experiment.recipe import AXES
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.records import check_form
from tfcmc.foundation.threads import together
from tfcmc.losses.layer import Loss
from tfcmc.report import figures, tensorboard
from tfcmc.report.summary import count_epochs
from tfcmc.runs.folder import make_folder
from tfcmc.runs.record import (
    METRICS,
    measured_by,
    read_embedded,
    read_history,
    read_metrics,
)

ANCHORS = 128  # pictures whose negatives are weighed
FEWEST_ANCHORS = 3
# Imported before any thread starts, as `together` wants it.
DRAWING = ("sklearn.manifold", "matplotlib.backends.backend_agg")
CONFUSED = "linear_probe"  # whose confusions are drawn
FIGURES = (
    "alignment_histogram",
    "alignment_uniformity_map",
    "confusion_matrix",
    "gradient_anatomy",
    "hypersphere",
    "learning_curves",
    "tsne",
)
# A TensorBoard run of its own, so that the table has the verdict for its
# metrics and not every curve.
VERDICT = "verdict"


def write(plan, run, data, views, verdict, *, full: bool) -> dict:
    """Draws the figures, and writes vectors, TensorBoard's and metrics.json.

    Args:
        full: Whether figures are drawn and TensorBoard shows pictures; if
            not, those of other weights go.

    Returns:
        What `metrics.json` holds: the numbers, and what the drawing adds.
    """
    numbers, drawn = dict(verdict.numbers), None
    if full:
        drawn = draw(plan, run, data, views, verdict)
        if drawn is not None:
            numbers["tsne_trustworthiness"] = drawn.trust
    elif not _was_judged(run, numbers["encoders_sha256"]):
        remove_drawn(run)
    write_embedded(run, data, views, verdict, drawn)
    write_row(plan, run, numbers)
    if full:
        show_in_tensorboard(run, data, views, verdict)
    check_form(numbers, METRICS, "the verdict")
    run.write_json("metrics.json", numbers)
    return numbers


def _was_judged(run, hashes):
    """Says whether the verdict that is there is on these weights."""
    try:
        found = read_metrics(run) or {}
    except UsageError:  # it is written anew
        found = {}
    return found.get("encoders_sha256") == hashes


def remove_drawn(run) -> None:
    """Removes figures, and what TensorBoard shows beside curves and row."""
    files = [run.figures / f"{name}.png" for name in FIGURES]
    for name in (tensorboard.CONFIG, tensorboard.IMAGES):
        files.append(run.tensorboard / VERDICT / name)
    for file in files:
        file.unlink(missing_ok=True)


def shown_rows(encoded):
    """Returns the rows of a draw of judged pictures that stand for all."""
    return sample_rows(len(encoded), SPHERE_COUNT)


def labels_of(data, rows):
    """Returns the labels of judged pictures, or None where there are none."""
    return None if data.judged.labels is None else data.judged.labels[rows]


def draw(plan, run, data, views, verdict):
    """Draws the figures of one run, the map while the others are drawn.

    Returns:
        The t-SNE `Map`, or None of too few pictures.
    """
    make_folder(run.figures)
    rows, seed = shown_rows(verdict.encoded), plan.config.seed
    epochs = count_epochs(verdict.numbers["epochs"])
    panel = figures.Panel(
        title=f"{plan.loss.spec}\n{plan.data.spec}, {epochs}, seed {seed}",
        names=views.names,
        encoded=verdict.encoded.take(rows),
        labels=labels_of(data, rows),
        class_names=data.source.class_names,
        confusion=verdict.confusions.get(CONFUSED),
    )
    # One task alone draws: Matplotlib is not made for several.
    tasks = [functools.partial(_draw_quick, plan, run, verdict, panel)]
    if len(rows) >= figures.FEWEST_MAPPED:
        features = panel.encoded.joined()
        tasks += [
            functools.partial(figures.tsne, features, seed),
            functools.partial(figures.control_maps, *features.shape, seed),
        ]
    _, *maps = together(*tasks, needs=DRAWING)
    if not maps:
        return None
    panel = dataclasses.replace(panel, map=maps[0])
    figures.tsne_map([panel], run.figures / "tsne.png", seed=seed)
    return panel.map


def _draw_quick(plan, run, verdict, panel):
    """Draws all but the map."""
    if panel.confusion is not None:
        figures.confusion_matrix([panel], run.figures / "confusion_matrix.png")
    if len(panel.names) > 1:
        figures.alignment_histogram(
            [panel], run.figures / "alignment_histogram.png"
        )
    figures.hypersphere([panel], run.figures / "hypersphere.png")
    draw_training(plan, run, verdict)


def draw_training(plan, run, verdict):
    """Draws how the run came to be what it is, and what its loss pushes."""
    weights = weigh(plan, verdict.encoded)
    config, result = plan.config, verdict.numbers
    trace = trace_of(plan.loss.spec, config.seed, run, result)
    if not measured_by(result, dataclasses.asdict(config)):
        print(
            f"  note: the history was measured with alpha {config.alpha:g} "
            f"and t {config.t:g}:\n"
            f"    its map and its curves are left as they are"
        )
    elif trace.rows:
        figures.alignment_uniformity_map(
            [trace], run.figures / "alignment_uniformity_map.png"
        )
        figures.learning_curves([trace], run.figures / "learning_curves.png")
    if weights:
        count = min(ANCHORS, len(verdict.encoded))
        figures.gradient_anatomy(
            [(plan.loss.spec, *weights)],
            run.figures / "gradient_anatomy.png",
            note=f"on the embeddings of {count} judged pictures",
        )


def weigh(plan, encoded):
    """Weighs the negatives of a draw of pictures by a plan's loss.

    Anchors are their first views, the others their last.

    Returns:
        As `negative_weights`; None of a loss that weighs no single negative,
        and of too few pictures.
    """
    loss = Loss(plan.loss)
    if not weighs_negatives(loss) or len(encoded) < FEWEST_ANCHORS:
        return None
    few = encoded.take(sample_rows(len(encoded), ANCHORS))
    return negative_weights(loss, few.embeddings[0], few.embeddings[-1])


def trace_of(label, seed, run, result) -> figures.Trace:
    """Reads the path of a run over its epochs.

    Args:
        label: What to call its loss.
        result: Its metrics.
    """
    untrained = result["untrained"]
    return figures.Trace(
        label=f"{label}, seed {seed}",
        group=label,
        rows=read_history(run)[: result["epochs"]],
        start=(untrained["alignment"], untrained["uniformity"]),
        accuracy=result.get("linear_probe", {}).get("accuracy"),
        floors=result["floors"],
    )


def write_embedded(run, data, views, verdict, drawn) -> None:
    """Writes the vectors of a draw of pictures, for figures of many runs.

    Args:
        drawn: Their t-SNE `Map`, which takes seconds to make, or None.
    """
    rows = shown_rows(verdict.encoded)
    few = verdict.encoded.take(rows)
    confusion = verdict.confusions.get(CONFUSED)
    arrays = {"rows": rows}
    for branch, features in zip(views.branches, few.features, strict=True):
        arrays[f"features_{branch}"] = features
    for name, embeddings in zip(views.names, few.embeddings, strict=True):
        arrays[f"embeddings_{name}"] = embeddings
    if data.judged.labels is not None:
        arrays["labels"] = labels_of(data, rows)
        arrays["class_names"] = np.array(data.source.class_names, dtype=str)
    if confusion is not None:
        arrays["confusion"] = confusion
    if drawn is not None:
        arrays["tsne"] = drawn.points
        arrays["tsne_trustworthiness"] = np.array(drawn.trust)
    run.write_arrays("embedded.npz", arrays)


def read_panel(title: str, run, views) -> figures.Panel:
    """Reads what `write_embedded` wrote, as figures show it."""
    arrays = read_embedded(run, views.names, views.branches)
    drawn = None
    if "tsne" in arrays:
        trust = float(arrays["tsne_trustworthiness"])
        drawn = figures.Map(arrays["tsne"], trust)
    return figures.Panel(
        title=title,
        names=views.names,
        encoded=Encoded(
            tuple(arrays[f"features_{name}"] for name in views.branches),
            tuple(arrays[f"embeddings_{name}"] for name in views.names),
        ),
        labels=arrays.get("labels"),
        class_names=arrays.get("class_names", ()),
        confusion=arrays.get("confusion"),
        map=drawn,
    )


def table_options(plan):
    """Returns what tells a run from others: usual settings, then unusual."""
    config, standard = plan.config, type(plan.config)()
    options = {"loss": plan.loss.name} | plan.loss.options
    usual = ("data", "epochs", "seed", "batch_size", "learning_rate")
    for name in (*usual, "geometry"):
        options[name] = getattr(config, name)
    unusual = "beta_1", "beta_2", "warmup", "schedule", "flip", "crop_from"
    for name in unusual:
        if getattr(config, name) != getattr(standard, name):
            options[name] = getattr(config, name)
    axes = ("encoder", "batch_norm", "head", "predictor", "views", "optimizer")
    for axis in axes:
        bound = getattr(plan, axis)
        if bound.name != AXES[axis].lookup(getattr(standard, axis)).name:
            options[axis] = bound.name
        for name, value in bound.changed.items():
            options[f"{axis}.{name}"] = value
    return options


def show_in_tensorboard(run, data, views, verdict):
    """Writes embeddings and figures for TensorBoard."""
    folder = run.tensorboard / VERDICT
    rows = shown_rows(verdict.encoded)
    tensorboard.write_projector(
        folder,
        verdict.encoded.take(rows),
        views.names,
        labels_of(data, rows),
        data.source.class_names,
        Subset(data.judged.pictures, rows),
        where=rows,
    )
    tensorboard.write_images(
        folder,
        sorted(run.figures.glob("*.png")),
        step=verdict.numbers["epochs"],
    )


def write_row(plan, run, result):
    """Writes a row of the table of runs for TensorBoard."""
    folder = run.tensorboard / VERDICT
    options = table_options(plan) | {"epochs": result["epochs"]}
    metrics = {
        f"sphere/{name}": result["sphere"][name]
        for name in ("alignment", "uniformity", "effective_rank")
    }
    for name in ("linear_probe", "mlp_head", "knn"):
        if name in result:
            metrics[f"accuracy/{name}"] = result[name]["accuracy"]
    tensorboard.write_hparams(folder, options, metrics, step=result["epochs"])
