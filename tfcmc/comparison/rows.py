"""The table of a comparison."""

import numpy as np

from tfcmc.evaluation.classes import unbalanced
from tfcmc.report import Cell, Column, Row
from tfcmc.runs.record import read_history

# Of the paper's Table 1, on STL-10: accuracy, uniformity, alignment.
PAPER_TABLE = {
    "spring-like": (22.9, -0.012, 2.0),
    "triplet": (34.3, -0.516, 0.0473),
    "softmax": (48.1, -2.214, 0.686),
    "NCE": (41.8, -2.636, 0.374),
}
COLUMNS = (
    Column("linear_probe", "linear probe", "%", 1, "higher", "linear"),
    Column("balanced", "linear probe, balanced", "%", 1, "higher", "balanced"),
    Column("mlp_head", "MLP head", "%", 1, "higher", "MLP"),
    Column("knn", "kNN", "%", 1, "higher"),
    Column("plain_head", "plain head", "%", 1, "higher", "plain"),
    Column("alignment", "alignment", "", 3, "", "align."),
    Column("uniformity", "uniformity", "", 3, "", "unif."),
    Column("effective_rank", "effective rank", "", 0, "", "rank"),
    Column("seconds", "training", "s", 0, "", "seconds"),
)
PROBES = ("linear_probe", "mlp_head", "knn", "plain_head")


def numbers(judged, *, balanced=False):
    """Returns column key to number of one kind of judged features.

    Args:
        judged: What `metrics.json` holds, or of the controls.
        balanced: Whether the linear probe's mean over classes is among them.
    """
    found = {
        name: 100 * judged[name]["accuracy"]
        for name in PROBES
        if name in judged
    }
    if balanced:
        found["balanced"] = 100 * judged["linear_probe"]["balanced_accuracy"]
    if "sphere" in judged:
        found |= {
            name: judged["sphere"][name]
            for name in ("alignment", "uniformity", "effective_rank")
        }
    return found


def table_rows(entries):
    """Makes the table: raw pixels, untrained encoders, then every loss.

    Args:
        entries: Finished `Entry`s.

    Returns:
        `Row`s, the losses in the order given.
    """
    by_loss, controls = {}, {"raw": {}, "untrained": {}}
    for entry in entries:
        metrics = entry.metrics()
        balanced = unbalanced(metrics.get("classes", ()))
        seconds = sum(row["seconds"] for row in read_history(entry.run))
        by_loss.setdefault(entry.label, []).append(
            numbers(metrics, balanced=balanced) | {"seconds": seconds}
        )
        for kind, key in (("untrained", "untrained"), ("raw", "raw_pixels")):
            if key in metrics:
                controls[kind][entry.seed] = numbers(
                    metrics[key], balanced=balanced
                )
    labels = {"raw": "raw pixels", "untrained": "untrained encoders"}
    rows = [
        Row(labels[kind], kind, cells(list(by_seed.values())))
        for kind, by_seed in controls.items()
        if by_seed
    ]
    rows += [
        Row(loss, "loss", cells(found)) for loss, found in by_loss.items()
    ]
    return rows


def cells(found):
    """Sums up the seeds of one row.

    Args:
        found: Dicts of column key to number, one a seed.

    Returns:
        Column key to `Cell`: mean and sample standard deviation.
    """
    result = {}
    for key in found[0]:
        if not all(key in one for one in found):
            continue  # one seed was judged more briefly than another
        values = np.array([one[key] for one in found])
        result[key] = Cell(
            mean=float(values.mean()),
            deviation=float(values.std(ddof=1)) if len(values) > 1 else None,
            count=len(values),
        )
    return result


def paper_rows():
    """Returns the paper's Table 1: one run each, its own head."""
    return [
        Row(
            label,
            "loss",
            {
                "plain_head": Cell(accuracy),
                "alignment": Cell(alignment),
                "uniformity": Cell(uniformity),
            },
        )
        for label, (accuracy, uniformity, alignment) in PAPER_TABLE.items()
    ]
