"""The figures of a comparison: every loss in one picture.

Like `plan.py` it stands at the seam: it reads run folders, and hands plain
arguments down.
"""

from tfcmc.evaluation.negative_weights import negative_weights
from tfcmc.evaluation.verdict import sample_rows
from tfcmc.experiment.artifacts import ANCHORS, read_panel, trace_of
from tfcmc.losses.layer import Loss
from tfcmc.report import Picture, figures
from tfcmc.runs.folder import make_folder
from tfcmc.runs.record import picture_side


def draw(finished, folder, pairs=()):
    """Draws every figure over the losses.

    What needs one run a loss shows that of the first seed; the map and the
    curves show all.

    Args:
        finished: Finished `Entry`s.
        folder: Where the PNGs go.
        pairs: As in `Tuned`.

    Returns:
        `Picture`s.
    """
    make_folder(folder)
    first = [e for e in finished if e.seed == finished[0].seed]
    panels = [
        read_panel(e.label, e.run, e.plan.views_of(picture_side(e.run)))
        for e in first
    ]
    traces = [trace_of(e.label, e.seed, e.run, e.metrics()) for e in finished]
    seed = f"seed {first[0].seed}"
    drawn = [
        draw_tuned(finished, pairs, folder),
        draw_map(traces, folder),
        draw_curves(traces, folder),
        draw_alignment(panels, folder, seed),
        draw_hypersphere(panels, folder, seed),
        draw_tsne(panels, folder, first[0].seed),
        draw_confusion(panels, folder, seed),
        draw_anatomy(first, panels, folder),
    ]
    return [picture for picture in drawn if picture is not None]


def draw_tuned(finished, pairs, folder):
    """Draws every loss at its defaults and tuned, where there is a probe."""
    accuracies = {}
    for entry in finished:
        probe = entry.metrics().get("linear_probe")
        if probe is not None:
            accuracies.setdefault(entry.label, []).append(probe["accuracy"])
    gains = [
        figures.Gain(*pair, *(tuple(accuracies[label]) for label in pair))
        for pair in pairs
        if set(pair) <= accuracies.keys()
    ]
    if not gains:
        return None
    path = folder / "tuned_and_default.png"
    measured = "test accuracy of the linear probe"
    figures.tuned_and_default(gains, path, measured=measured)
    return Picture(
        "Each loss at its defaults and tuned",
        "Test accuracy of the linear probe, mean and standard deviation over "
        "seeds, the best tuned loss on top. The options were chosen on the "
        "validation part, with the same budget for each loss.",
        path,
    )


def draw_map(traces, folder):
    """Draws the alignment-uniformity map of all runs."""
    path = folder / "alignment_uniformity_map.png"
    figures.alignment_uniformity_map(traces, path)
    return Picture(
        "Alignment and uniformity over training",
        "Every run's path over its epochs on the held-out pictures, from the "
        "untrained encoders to the mark of its loss. Left is better aligned, "
        "down is more uniform; the lines are the floors.",
        path,
    )


def draw_curves(traces, folder):
    """Draws the learning curves of all runs."""
    path = folder / "learning_curves.png"
    figures.learning_curves(traces, path)
    return Picture(
        "Learning curves",
        "A thin line a seed, a bold one their mean, on the held-out pictures. "
        "Losses have different units: each is relative to its first epoch.",
        path,
    )


def draw_alignment(panels, folder, seed):
    """Draws the alignment histograms, a panel a loss."""
    path = folder / "alignment_histogram.png"
    figures.alignment_histogram(panels, path)
    return Picture(
        "How far apart the two views of a picture are",
        f"Distances between the embeddings of the two views ({seed}); the "
        f"dashed line is their mean, the dotted one unrelated views.",
        path,
    )


def draw_hypersphere(panels, folder, seed):
    """Draws the embeddings on the circle, a row a loss."""
    path = folder / "hypersphere.png"
    figures.hypersphere(panels, path)
    return Picture(
        "The hypersphere, seen on a circle",
        f"Embeddings of both views on the two directions that keep most of "
        f"them, and their density over the angle ({seed}). A spike is "
        f"collapse; two spikes in two colours are orthogonal constants.",
        path,
    )


def draw_tsne(panels, folder, seed):
    """Draws the t-SNE maps, a panel a loss, and two controls."""
    if len(panels[0].encoded.features[0]) < figures.FEWEST_MAPPED:
        return None
    path = folder / "tsne.png"
    figures.tsne_map(panels, path, seed=seed)
    return Picture(
        "t-SNE of the features, beside two controls",
        f"The map of each loss (seed {seed}), of points spread evenly over "
        f"the sphere, and of a collapsed cloud. t-SNE spreads whatever it is "
        f"given, and its trustworthiness is highest where there is least to "
        f"map: believe alignment and uniformity before it.",
        path,
    )


def draw_confusion(panels, folder, seed):
    """Draws the confusion matrices, a panel a loss, where there is a probe."""
    panels = [panel for panel in panels if panel.confusion is not None]
    if not panels:
        return None
    path = folder / "confusion_matrix.png"
    figures.confusion_matrix(panels, path)
    return Picture(
        "What each class is taken for",
        f"The linear probe's predictions, a row a class ({seed}), in shares "
        f"of the class; beside a class, how many pictures it has.",
        path,
    )


def draw_anatomy(first, panels, folder):
    """Draws the weight of negatives, for all losses on the same embeddings.

    They are those of the run whose embeddings are the most uniform: of the
    widest choice of similarities.
    """
    place = min(
        range(len(first)), key=lambda n: first[n].metrics()["uniformity"]
    )
    encoded = panels[place].encoded
    chosen = sample_rows(len(encoded), ANCHORS)
    vectors = encoded.take(chosen).embeddings[:2]
    curves, left_out = [], []
    for entry in first:
        loss = Loss(entry.plan.loss)
        if loss.whole_batch:
            left_out.append(entry.label)
            continue
        curves.append((entry.label, *negative_weights(loss, *vectors)))
    if not curves:
        return None
    path = folder / "gradient_anatomy.png"
    note = f"embeddings of {first[place].name}"
    if left_out:
        note += f"; not one by one: {', '.join(left_out)}"
    figures.gradient_anatomy(curves, path, note=note)
    return Picture(
        "Which negatives each loss pushes",
        f"The weight that a loss gives a negative against its similarity to "
        f"the anchor, relative to the average negative: all losses on the "
        f"same {len(chosen)} pictures ({note}).",
        path,
    )
