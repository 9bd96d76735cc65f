"""The collapse doctor: names what went wrong with a representation, and when.

It reads the rows of a run's history, so that a verdict can be given while a
run trains, when it goes on, and long after it has ended.
"""

import dataclasses

# A mean squared distance below this, an eighth of that between unrelated
# vectors, is called a point.
POINT = 0.25
DEAD = 0.5  # share of a view's ReLU channels that never fire
FEW = 0.1  # share of the dimensions, or of the prototypes, there are
STALE = 0.5  # of what the newest keys of a queue are
LEAK = 0.2  # share of what tells a positive from others
CLOSE = 0.01  # relative distance of the loss to its collapse value
SETTLED = 2  # epochs: some losses begin near a collapse and leave it at once
LASTING = 3  # epochs: a loss may pass by its collapse value, a view by a point


@dataclasses.dataclass(frozen=True)
class Patient:
    """What the doctor has to know of a run besides its history."""

    names: tuple  # the name of each view
    branches: tuple  # the name of each branch
    dims: int  # dimensions that the features of all branches could use
    collapse_losses: dict  # words for a collapse to the loss's value there


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something wrong with a representation."""

    sign: str  # what kind of thing
    epoch: int  # when it starts, from 1
    until: int  # the last epoch that shows it
    words: str  # what it is, as the last of these epochs shows it
    advice: str  # what to try
    collapse: bool  # whether there is nothing left to learn from


def examine(rows, patient: Patient, *, ended=False):
    """Finds every sign of collapse in a history.

    Args:
        rows: Dicts of column to number, one an epoch, as `Run.read_history`.
        ended: Whether no epoch will follow: a collapse in the last one is
            what is left, however short it has lasted.

    Returns:
        `Finding`s in the order of the epochs when they start.
    """
    found = []
    for sign, (read, least, collapse, advice) in SIGNS.items():
        for span in _spans([read(row, patient) for row in rows]):
            left = ended and collapse and span[-1] == len(rows) - 1
            if len(span) < least and not left:
                continue
            first, last = rows[span[0]], rows[span[-1]]
            found.append(
                Finding(
                    sign=sign,
                    epoch=first["epoch"],
                    until=last["epoch"],
                    words=read(last, patient),
                    advice=advice,
                    collapse=collapse,
                )
            )
    return sorted(found, key=lambda finding: finding.epoch)


def _spans(words):
    """Returns the stretches of rows that show something, as row numbers."""
    spans = []
    for number, text in enumerate(words):
        if text is None:
            continue
        if spans and spans[-1][-1] == number - 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return spans


def _pointlike(row, patient):
    """Returns the views whose embeddings are all close to one point."""
    return [name for name in patient.names if row[f"spread_{name}"] < POINT]


def _one_point(row, patient):
    if len(_pointlike(row, patient)) < len(patient.names):
        return None
    if row["apart"] >= POINT:
        return None
    every = "both" if len(patient.names) == 2 else "all"
    return (
        f"all embeddings of {every} views are nearly one point "
        f"(alignment {row['alignment']:.3f}, "
        f"uniformity {row['uniformity']:.3f})"
    )


def _constants(row, patient):
    if len(_pointlike(row, patient)) < len(patient.names):
        return None
    if row["apart"] < POINT:
        return None
    how = "orthogonal to" if 1.5 <= row["apart"] <= 2.5 else "apart from"
    whose = "view's" if len(patient.names) == 2 else "views'"
    return (
        f"each view has collapsed onto nearly one point, {how} the other "
        f"{whose} (alignment {row['alignment']:.3f}, uniformity "
        f"{row['uniformity']:.3f})"
    )


def _one_view(row, patient):
    flat = _pointlike(row, patient)
    if len(flat) in (0, len(patient.names)):
        return None
    views = f"view{'s' if len(flat) > 1 else ''} {', '.join(flat)}"
    values = ", ".join(f"{row[f'uniformity_{name}']:.3f}" for name in flat)
    return (
        f"all embeddings of the {views} are nearly one point "
        f"(uniformity {values})"
    )


def _dead(row, patient):
    dead = {
        name: row[f"dead_{name}"]
        for name in patient.branches
        if row.get(f"dead_{name}", 0.0) >= DEAD
    }
    if not dead:
        return None
    told = " and ".join(
        f"{100 * share:.0f} % of the {name} encoder's"
        for name, share in dead.items()
    )
    return f"dead ReLUs: {told} channels are 0 for every picture"


def _few_dimensions(row, patient):
    if row["effective_rank"] >= FEW * patient.dims:
        return None
    return (
        f"the features use few dimensions: an effective rank of "
        f"{row['effective_rank']:.1f} of at most {patient.dims}"
    )


def _loss_at_collapse(row, patient):
    for words, value in patient.collapse_losses.items():
        if abs(row["loss"] - value) <= CLOSE * (abs(value) or 1.0):
            return (
                f"the loss, {row['loss']:.4g}, sits at its value for {words}, "
                f"{value:.4g}"
            )
    return None


def _unused(row, patient):
    if row.get("prototypes", 1.0) >= FEW:
        return None
    return (
        f"{100 * row['prototypes']:.1f} % of the prototypes that could be are "
        "the nearest of a picture"
    )


def _stale(row, patient):
    if row.get("fresh", 1.0) >= STALE:
        return None
    return (
        "the oldest keys of the queue are of an encoder left behind: anchors "
        f"have {100 * row['fresh']:.0f} % of the nearness to them that they "
        "have to the newest"
    )


def _leaking(row, patient):
    if row.get("leak", 0.0) < LEAK:
        return None
    return (
        f"{100 * row['leak']:.0f} % of what tells a positive from others are "
        "the statistics of its batch"
    )


# Sign: how it is read off a row, for how many epochs in a row it has to show,
# whether nothing is left to learn from, and what to try.
SIGNS = {
    "one point": (
        _one_point,
        SETTLED,
        True,
        "the pull outweighs the push: a larger margin, a lower temperature, "
        "or more negatives (a larger batch, --negatives=bank)",
    ),
    "constants": (
        _constants,
        SETTLED,
        True,
        "the push outweighs the pull: weigh the positive as much as all "
        "negatives together (spring: weighting=balanced), a smaller margin, "
        "or fewer negatives",
    ),
    "one view": (
        _one_view,
        LASTING,
        False,
        "a lower learning rate or a longer warm-up; see whether that view "
        "shows anything (grey pictures have no colour)",
    ),
    "dead ReLUs": (
        _dead,
        1,
        False,
        "a lower learning rate, a longer warm-up, or "
        '--encoder="paper(final_relu=False)"',
    ),
    "few dimensions": (
        _few_dimensions,
        1,
        False,
        "a loss that spreads embeddings over the sphere (softmax, nce), a "
        "larger margin, or a lower temperature",
    ),
    "loss at collapse": (
        _loss_at_collapse,
        LASTING,
        False,
        "another learning rate, a longer warm-up, or more epochs: so far "
        "nothing has been learnt",
    ),
    "unused prototypes": (
        _unused,
        SETTLED,
        False,
        "fewer prototypes, a longer freeze=, a smaller epsilon=, or a queue= "
        "that begins later",
    ),
    "stale keys": (
        _stale,
        LASTING,
        False,
        "a twin that follows more slowly (--target=momentum, a larger "
        "start=), a smaller queue, or a lower learning rate",
    ),
    "leaking statistics": (
        _leaking,
        SETTLED,
        False,
        'with a queue --batch-norm="split(groups=8)", whose twin is shown '
        "batches in another order; without one --batch-norm=synchronized",
    ),
}
