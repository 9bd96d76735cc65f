"""The tables of a comparison."""

from tfcmc.comparison.entries import Entry
from tfcmc.evaluation.classes import unbalanced
from tfcmc.evaluation.label_free import FEWEST, MEASURES, rank_correlation
from tfcmc.evaluation.probes import SHOWN
from tfcmc.report import Column, Table, over_seeds

# Of the paper's Table 1, on STL-10: accuracy, uniformity, alignment.
PAPER_TABLE = {
    "spring-like": (22.9, -0.012, 2.0),
    "triplet": (34.3, -0.516, 0.0473),
    "softmax": (48.1, -2.214, 0.686),
    "NCE": (41.8, -2.636, 0.374),
}
PROBES = tuple(probe.name for probe in SHOWN)
LINEAR, *OTHERS = (
    Column(
        each.name, each.extra["title"], "%", 1, "higher", each.extra["short"]
    )
    for each in SHOWN
)
COLUMNS = (
    LINEAR,
    Column("balanced", "linear probe, balanced", "%", 1, "higher", "balanced"),
    *OTHERS,
    Column("alignment", "alignment", "", 3, "", "align."),
    Column("uniformity", "uniformity", "", 3, "", "unif."),
    Column("effective_rank", "effective rank", "", 0, "", "rank"),
    Column("seconds", "training", "s", 0, "", "seconds"),
    Column("seen", "thousand pictures seen", "", 0, "", "seen"),
)
# Of the least and the most that a number may be nothing is said: what is
# good lies between for some.
WITHOUT_LABELS = tuple(
    Column(
        name,
        each.title,
        "",
        each.digits,
        "" if each.rated else each.better,
        each.short,
    )
    for name, each in MEASURES.items()
)
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
        shape = judged["sphere"]
        found |= {name: shape[name] for name in SPHERE}
        found |= {name: shape[name] for name in MEASURES if name in shape}
    return found


def comparison_tables(entries: list[Entry]) -> tuple[Table, Table | None]:
    """Makes the tables: raw pixels, untrained encoders, then every row.

    Methods with other views or encoders have controls of their own.

    Returns:
        What is asked of a comparison; and what needs no labels, without raw
        pixels: None of runs that were judged before it was measured.
    """
    losses = {}
    for entry in entries:
        metrics = entry.metrics()
        own = {"label": entry.label, "kind": "loss"}
        own["seconds"] = entry.seconds()
        config = entry.plan.config
        if config.budget:
            # How often a picture was learnt from, counted anew every time.
            own["seen"] = config.steps * config.batch_size / 1000
        losses[entry.name] = own | _numbers(metrics, metrics)
    raw = _controls(entries, "raw_pixels", "raw pixels", "raw")
    untrained = _controls(
        entries, "untrained", "untrained encoders", "untrained"
    )
    rows = [*untrained, *losses.values()]
    measured = [each for each in rows if "nesum" in each]
    return (
        over_seeds(COLUMNS, [*raw, *rows]),
        over_seeds((LINEAR, *WITHOUT_LABELS), measured) if measured else None,
    )


def agreement(table: Table) -> dict:
    """Returns how measures without labels rank the rows that were trained.

    Args:
        table: The second of `comparison_tables`.

    Returns:
        Title of each to Spearman's rank correlation, of what is the better
        the higher, with the linear probe; none of fewer than three rows, nor
        of what is constant.
    """
    trained = table.losses()
    if LINEAR not in table.columns or len(trained) < FEWEST:
        return {}
    probed = [table.cell(label, LINEAR).mean for label in trained]
    found = {}
    for column in table.columns[1:]:
        each = MEASURES[column.key]
        cells = [table.cell(label, column) for label in trained]
        if None in cells:
            continue
        ratings = [each.rating(cell.mean) for cell in cells]
        sign = 1 if each.better == "higher" else -1
        correlation = rank_correlation(ratings, probed)
        if correlation is not None:
            found[each.rated or each.title] = sign * correlation
    return found


def _numbers(judged, metrics):
    """The numbers of what is judged in a run, with what its classes need."""
    return numbers(judged, balanced=unbalanced(metrics.get("classes", ())))


def _controls(entries, key, words, kind):
    """Yields the records of a control, one for all rows if it is the same."""
    # Of one seed it is the same whatever the loss; not whatever the views.
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
            # What was judged more briefly has some of the numbers.
            if both and all(_agree(own[n], theirs[n]) for n in both):
                labels.append(label)
                for seed, each in own.items():
                    theirs[seed] = theirs.get(seed, {}) | each
                break
        else:
            groups.append(([label], dict(own)))
    for labels, theirs in groups:
        of = f" of {', '.join(labels)}" if len(groups) > 1 else ""
        for each in theirs.values():
            yield {"label": words + of, "kind": kind} | each


def _agree(one, other):
    """Whether what two records both have is the same."""
    return all(one[key] == other[key] for key in one.keys() & other.keys())


def paper_table() -> Table:
    """Returns the paper's Table 1: one run each, its own head."""
    keys = ("plain_head", "uniformity", "alignment")
    records = [
        {"label": label, "kind": "loss"} | dict(zip(keys, row, strict=True))
        for label, row in PAPER_TABLE.items()
    ]
    return over_seeds(COLUMNS, records)
