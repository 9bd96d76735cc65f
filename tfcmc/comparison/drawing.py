"""The figures of a comparison: every loss in one picture.

Like `recipe.py` it stands at the seam: it reads run folders, and hands plain
arguments down.
"""

import pathlib
from collections.abc import Iterator

from tfcmc.comparison.entries import Entry
from tfcmc.experiment.artifacts import ANCHORS, read_panel, trace_of, weigh
from tfcmc.report import Picture, figures
from tfcmc.runs.folder import make_folder
from tfcmc.runs.record import picture_side

# Title and caption of each figure, by the name of its file.
WORDS = {
    "tuned_and_default": (
        "Each loss at its defaults and tuned",
        "Accuracy of the linear probe, mean and standard deviation over "
        "seeds, the best tuned loss on top. The options were chosen on the "
        "validation part, with the same budget for each loss.",
    ),
    "alignment_uniformity_map": (
        "Alignment and uniformity over training",
        "Every run's path over its epochs on the held-out pictures, from the "
        "untrained encoders to the mark of its loss. Left is better aligned, "
        "down is more uniform; the lines are the floors.",
    ),
    "learning_curves": (
        "Learning curves",
        "A thin line a seed, a bold one their mean: the loss in training, the "
        "rest on the held-out pictures. Several losses have different units: "
        "each is relative to its first epoch.",
    ),
    "alignment_histogram": (
        "How far apart the views of a picture are",
        "Distances between the embeddings of two views (seed {seed}); "
        "the dashed line is their mean, the dotted one unrelated views.",
    ),
    "hypersphere": (
        "The hypersphere, seen on a circle",
        "Embeddings of all views on the two directions that keep most of "
        "them, and their density over the angle (seed {seed}). A spike is "
        "collapse; two spikes in two colours are orthogonal constants.",
    ),
    "tsne": (
        "t-SNE of the features, beside two controls",
        "The map of each loss (seed {seed}), of points spread evenly over "
        "the sphere, and of a collapsed cloud. t-SNE spreads whatever it is "
        "given, and its trustworthiness is highest where there is least to "
        "map: believe alignment and uniformity before it.",
    ),
    "confusion_matrix": (
        "What each class is taken for",
        "The linear probe's predictions, a row a class (seed {seed}), in "
        "shares of the class; beside a class, how many pictures it has.",
    ),
    "gradient_anatomy": (
        "Which negatives each loss pushes",
        "The weight that a loss gives a negative against its similarity to "
        "the anchor, relative to the average negative: all losses on the "
        "same {note}.",
    ),
}


def draw(
    finished: list[Entry], folder: pathlib.Path, pairs=()
) -> Iterator[Picture]:
    """Draws every figure over the losses.

    What needs one run a loss shows that of the first seed; the map and the
    curves show all.

    Args:
        folder: Where the PNGs go.
        pairs: As in `Tuned`.
    """
    make_folder(folder)
    for name, function, shown, keywords in _figures(finished, pairs):
        path = folder / f"{name}.png"
        function(shown, path, **keywords)
        title, caption = WORDS[name]
        told = {"seed": finished[0].seed} | keywords
        yield Picture(title, caption.format(**told), path)


def _figures(finished, pairs):
    """Yields the name, the function, what it draws, and what it is told."""
    seed = finished[0].seed
    first = [e for e in finished if e.seed == seed]
    panels = [read_panel(e.label, e.run, _judged(e)) for e in first]
    traces = [trace_of(e.label, e.seed, e.run, e.metrics()) for e in finished]
    if gains := _gains(finished, pairs):
        part = finished[0].metrics()["judged_on"]
        told = {"measured": f"{part} accuracy of the linear probe"}
        yield "tuned_and_default", figures.tuned_and_default, gains, told
    mapped = figures.alignment_uniformity_map
    yield "alignment_uniformity_map", mapped, traces, {}
    yield "learning_curves", figures.learning_curves, traces, {}
    if len(panels[0].names) > 1:
        yield "alignment_histogram", figures.alignment_histogram, panels, {}
    yield "hypersphere", figures.hypersphere, panels, {}
    if len(panels[0].encoded.features[0]) >= figures.FEWEST_MAPPED:
        yield "tsne", figures.tsne_map, panels, {"seed": seed}
    if probed := [panel for panel in panels if panel.confusion is not None]:
        yield "confusion_matrix", figures.confusion_matrix, probed, {}
    curves, note = _weights(first, panels)
    if curves:
        told = {"labels": [e.label for e in finished], "note": note}
        yield "gradient_anatomy", figures.gradient_anatomy, curves, told


def _judged(entry):
    """The views that a run's pictures were compared in."""
    return entry.plan.views_of(picture_side(entry.run)).of_held_out


def _gains(finished, pairs):
    """Pairs the accuracies of each loss at its defaults and tuned."""
    accuracies = {}
    for entry in finished:
        probe = entry.metrics().get("linear_probe")
        if probe is not None:
            accuracies.setdefault(entry.label, []).append(probe["accuracy"])
    return [
        figures.Gain(*pair, *(tuple(accuracies[label]) for label in pair))
        for pair in pairs
        if set(pair) <= accuracies.keys()
    ]


def _weights(first, panels):
    """Weighs the negatives, for all losses on the same embeddings."""
    # The most uniform ones have the widest choice of similarities.
    judged = [entry.metrics()["uniformity"] for entry in first]
    place = judged.index(min(judged))
    encoded = panels[place].encoded
    weights = {entry.label: weigh(entry.plan, encoded) for entry in first}
    curves = [(label, *found) for label, found in weights.items() if found]
    left_out = [label for label, found in weights.items() if not found]
    count = min(ANCHORS, len(encoded))
    note = f"embeddings of {count} pictures of {first[place].name}"
    if left_out:
        note += f"; not one by one: {', '.join(left_out)}"
    return curves, note
