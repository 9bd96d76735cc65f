"""What a loss may see of one comparison."""

import dataclasses
import typing

from tfcmc.foundation.lazy import tf

NOBODYS = -1  # the group of a candidate that is nobody's negative


@dataclasses.dataclass(frozen=True)
class Term:
    """Anchors, candidates, and which of these are whose positive or negative.

    One mask serves all: a candidate is a negative of an anchor if its group is
    not -1 and is not the anchor's. So an anchor's own vector and other views
    of its picture are no negatives, however many views there are.

    Attributes:
        anchors: `[A, dim]`; gradients flow here.
        candidates: `[C, dim]`.
        positive: `[A]`, the row of each anchor's positive among the
            candidates; or `[A, P]`, where each has several, all of its group.
        anchor_group: `[A]`, int64: which picture an anchor is of; None where
            every candidate but the positive is of another picture.
        candidate_group: `[C]`, likewise; -1 for nobody's negative.
        drawn: `[A, D]`: which rows of the candidates are an anchor's own, one
            of which may come twice, where each has others; `positive` is then
            a column of these. None where all have all.
    """

    anchors: typing.Any
    candidates: typing.Any
    positive: typing.Any
    anchor_group: typing.Any = None
    candidate_group: typing.Any = None
    drawn: typing.Any = None


class Candidates(typing.NamedTuple):
    """What the anchors of one view are compared with.

    Attributes:
        vectors: `[count, dim]`.
        positive: `[batch]`, the row of each anchor's positive among them, or
            `[batch, places]` of several.
        group: `[count]`, int64, as a `Term` has them; None where every one
            but the positive is a negative.
        drawn: `[batch, draws]`, likewise; None where all anchors have all.
    """

    vectors: typing.Any
    positive: typing.Any
    group: typing.Any = None
    drawn: typing.Any = None


def of_places(vectors, numbers) -> Candidates:
    """Makes candidates of the places of a batch's pictures.

    Args:
        vectors: `[batch, places, dim]`.
        numbers: `[batch]`, which pictures these are.

    Returns:
        `Candidates`: an anchor's positives are all places of its picture.
    """
    _, places, dim = vectors.shape
    rows = tf.reshape(vectors, [-1, dim])
    return Candidates(
        rows,
        tf.reshape(tf.range(tf.shape(rows)[0]), [-1, places]),
        tf.repeat(numbers, places),
    )


def make_term(
    anchors, found, *, numbers, own=None, mine=lambda rows: rows
) -> Term:
    """Makes the comparison of some of a batch's anchors.

    Args:
        anchors: `[batch, dim]`.
        found: `Candidates`, those of the other view.
        numbers: `[batch]`, which pictures these are.
        own: `[batch, dim]`: the anchors' own view, where negatives of it are
            taken too; or None.
        mine: Rows of the batch to those of the anchors wanted.
    """
    candidates, positive, candidate_group, drawn = found
    if own is not None:
        groups = numbers if candidate_group is None else candidate_group
        candidate_group = tf.concat([groups, numbers], axis=0)
        candidates = tf.concat([candidates, own], axis=0)
    group = None if candidate_group is None else mine(numbers)
    return Term(
        mine(anchors),
        candidates,
        mine(positive),
        group,
        candidate_group,
        None if drawn is None else mine(drawn),
    )


def check_term(term: Term) -> None:
    """Checks that the shapes of a term fit each other.

    Raises:
        ValueError: if ranks or static shapes disagree; they are never
            broadcast.
    """
    rows = (term.positive, term.anchor_group, term.candidate_group)
    given = [term.anchors, term.candidates]
    given += [each for each in rows if each is not None]
    shapes = [tuple(each.shape) for each in given]
    fits = [len(shape) for shape in shapes[:2]] == [2, 2]
    if fits:
        (count, dim), (others, other_dim) = shapes[:2]
        fits = _same((dim,), (other_dim,))
        several = has_several(term)
        wanted = [(count, None) if several else (count,), (count,), (others,)]
        fits &= all(map(_same, shapes[2:], wanted))
        fits &= not several or len(shapes) == 5
    if fits and term.drawn is not None:
        shapes.append(tuple(term.drawn.shape))
        fits = _same(shapes[-1], (count, None))
    if not fits:
        raise ValueError(
            f"`term` must have anchors [A, dim], candidates [C, dim], "
            f"positive [A], or [A, P] with groups, anchor_group [A], "
            f"candidate_group [C], drawn [A, D]. Received: {shapes}"
        )


def has_several(term: Term) -> bool:
    """Whether an anchor has several positives."""
    return len(term.positive.shape) == 2


def one_each(term: Term) -> Term:
    """Repeats each anchor for each of its positives, `A P` anchors in all."""
    count = tf.shape(term.positive)[1]
    drawn = term.drawn
    return dataclasses.replace(
        term,
        anchors=tf.repeat(term.anchors, count, axis=0),
        positive=tf.reshape(term.positive, [-1]),
        anchor_group=tf.repeat(term.anchor_group, count),
        drawn=None if drawn is None else tf.repeat(drawn, count, axis=0),
    )


def _same(first, second):
    """Whether two shapes may be equal, as far as they are known."""
    return len(first) == len(second) and all(
        None in pair or pair[0] == pair[1]
        for pair in zip(first, second, strict=True)
    )
