"""The table of a comparison."""

from tfcmc.comparison.entries import Entry
from tfcmc.evaluation.classes import unbalanced
from tfcmc.report import Column, Table, over_seeds
from tfcmc.runs.record import read_history

# Of the paper's Table 1, on STL-10: accuracy, uniformity, alignment.
PAPER_TABLE = {
    "spring-like": (22.9, -0.012, 2.0),
    "triplet": (34.3, -0.516, 0.0473),
    "softmax": (48.1, -2.214, 0.686),
    "NCE": (41.8, -2.636, 0.374),
}
LINEAR = Column("linear_probe", "linear probe", "%", 1, "higher", "linear")
COLUMNS = (
    LINEAR,
    Column("balanced", "linear probe, balanced", "%", 1, "higher", "balanced"),
    Column("mlp_head", "MLP head", "%", 1, "higher", "MLP"),
    Column("knn", "kNN", "%", 1, "higher"),
    Column("plain_head", "plain head", "%", 1, "higher", "plain"),
    Column("alignment", "alignment", "", 3, "", "align."),
    Column("uniformity", "uniformity", "", 3, "", "unif."),
    Column("effective_rank", "effective rank", "", 0, "", "rank"),
    Column("seconds", "training", "s", 0, "", "seconds"),
    Column("seen", "thousand pictures seen", "", 0, "", "seen"),
)
PROBES = ("linear_probe", "mlp_head", "knn", "plain_head")
SPHERE = ("alignment", "uniformity", "effective_rank")


def numbers(judged: dict, *, balanced: bool = False) -> dict:
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
        found |= {name: judged["sphere"][name] for name in SPHERE}
    return found


def comparison_table(entries: list[Entry]) -> Table:
    """Makes the table: raw pixels, untrained encoders, then every row.

    Methods with other views or encoders have controls of their own.
    """
    losses = {}
    for entry in entries:
        metrics = entry.metrics()
        seconds = sum(row["seconds"] for row in read_history(entry.run))
        own = {"label": entry.label, "kind": "loss", "seconds": seconds}
        if entry.plan.config.budget:
            own["seen"] = _seen(entry.plan.config) / 1000
        losses[entry.name] = own | _numbers(metrics, metrics)
    raw = _controls(entries, "raw_pixels", "raw pixels", "raw")
    untrained = _controls(
        entries, "untrained", "untrained encoders", "untrained"
    )
    return over_seeds(COLUMNS, [*raw, *untrained, *losses.values()])


def _numbers(judged, metrics):
    """The numbers of what is judged in a run, with what its classes need."""
    return numbers(judged, balanced=unbalanced(metrics.get("classes", ())))


def _controls(entries, key, words, kind):
    """Yields the records of a control, one for all rows where it is the same.

    Of one seed it is the same whatever the loss; not whatever the views.
    """
    found = {}
    for entry in entries:
        metrics = entry.metrics()
        if key in metrics:
            own = found.setdefault(entry.label, {})
            own[entry.seed] = _numbers(metrics[key], metrics)
    groups = []
    for label, own in found.items():
        for labels, theirs in groups:
            # A run that broke leaves a row with fewer seeds.
            both = own.keys() & theirs.keys()
            if both and all(own[seed] == theirs[seed] for seed in both):
                labels.append(label)
                theirs |= own
                break
        else:
            groups.append(([label], dict(own)))
    for labels, theirs in groups:
        of = f" of {', '.join(labels)}" if len(groups) > 1 else ""
        for each in theirs.values():
            yield {"label": words + of, "kind": kind} | each


def _seen(config):
    """How often a picture was learnt from, counted anew every time."""
    return config.steps * config.batch_size


def paper_table() -> Table:
    """Returns the paper's Table 1: one run each, its own head."""
    keys = ("plain_head", "uniformity", "alignment")
    records = [
        {"label": label, "kind": "loss"} | dict(zip(keys, row, strict=True))
        for label, row in PAPER_TABLE.items()
    ]
    return over_seeds(COLUMNS, records)
