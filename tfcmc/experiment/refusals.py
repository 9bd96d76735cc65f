"""What does not go together, as tables of needs and their reasons.

A need is data: which setting is wrong, when, what it must be and why. All are
looked at before anything heavy is loaded. Members tell facts of themselves
where they are registered, as `extra`:

kind        of a loss, one of `KINDS`; contrastive where it is not told
raw, whole_batch, same_view
            of a loss: what it is computed of, as `BATCH_ONLY` says with
            the kinds
remembers   of negatives: they are of other batches
distorts    of views: they cut and mirror by themselves
flattens    of an encoder: it takes views of one side
unnormalised
            of an encoder: it has no normalisation
map         of an encoder: it has features at places of the picture
"""

import dataclasses
import typing

from tfcmc.foundation.errors import must

CONTRASTIVE, PREDICTION = "contrastive", "prediction"
CLUSTERING, MUTUAL = "clustering", "mutual information"
KINDS = (CONTRASTIVE, PREDICTION, CLUSTERING, MUTUAL)
# Why a loss that declares such a need takes no remembered negatives.
BATCH_ONLY = {
    "raw": "compares embeddings that are not scaled to unit length: what is "
    "remembered is scaled",
    "whole_batch": "compares the batch's anchors with each other and would "
    "not read what is remembered",
    "same_view": "takes the same pictures from both views: what is "
    "remembered is of the other view only",
    PREDICTION: "compares anchors with their positives alone",
    CLUSTERING: "compares anchors with the codes of the batch",
}
# Why a predictor makes no sense.
UNPREDICTED = {
    "raw": "compares the embeddings themselves",
    "whole_batch": "compares the batch's anchors with each other",
}
# Settings that views which distort do not read.
CUTTING = ("crop", "geometry", "flip")


@dataclasses.dataclass(frozen=True)
class Need:
    """Something that a setting must be.

    Attributes:
        setting: The one that is told as wrong.
        broken: `Plan -> bool`.
        must: What it must be and why; `{axis}` is what an axis chose, and
            `{setting}` of any other what it is.
    """

    setting: str
    broken: typing.Callable
    must: str


@dataclasses.dataclass(frozen=True)
class Caution:
    """Something that is told, and trained all the same.

    Attributes:
        holds: `Plan -> bool`.
        words: A sentence.
    """

    holds: typing.Callable
    words: str


def kind_of(member) -> str:
    """Returns of which of `KINDS` a loss is.

    Args:
        member: A `Member` of `LOSSES`.
    """
    return member.extra.get("kind", CONTRASTIVE)


def _tells(bound, fact):
    """Whether a member tells a fact of itself, or is of a kind."""
    return _is(bound.member, fact)


def _is(member, fact):
    extra = member.extra
    return bool(extra.get(fact)) or fact == extra.get("kind")


def _kind(plan):
    return kind_of(plan.loss.member)


def _views(plan):
    """How many views there are, as far as the spec says."""
    return plan.views.options.get("count", 2)


def _predicts(plan):
    return plan.predictor.name != "none"


def _groups(plan):
    """How many groups batch normalisation splits a batch into."""
    return plan.batch_norm.options.get("groups", 1)


def _remembered(fact, reason):
    return Need(
        "negatives",
        lambda plan: (
            _tells(plan.loss, fact) and _tells(plan.negatives, "remembers")
        ),
        f"batch with --loss={{loss}}, which {reason}",
    )


def _unread(setting):
    return Need(
        setting,
        lambda plan: (
            _tells(plan.views, "distorts") and _changed(plan, setting)
        ),
        "left out with --views={views}, which cuts and mirrors by its "
        "augment=",
    )


def _unpredicted(fact, reason):
    return Need(
        "predictor",
        lambda plan: _predicts(plan) and _tells(plan.loss, fact),
        f"none with --loss={{loss}}, which {reason}",
    )


def _changed(plan, setting):
    """Whether a setting is not its default."""
    standard = type(plan.config)()
    if setting != "crop":
        return getattr(plan.config, setting) != getattr(standard, setting)
    return plan.crop.name != standard.crop or bool(plan.crop.changed)


REFUSALS = (
    *(_unread(setting) for setting in CUTTING),
    *(_remembered(*pair) for pair in BATCH_ONLY.items()),
    *(_unpredicted(*pair) for pair in UNPREDICTED.items()),
    Need(
        "predictor",
        lambda plan: (
            _predicts(plan)
            and _kind(plan) == CONTRASTIVE
            and plan.target.name == "same"
        ),
        "none with --target=same and --loss={loss}: both sides learn, and "
        "there is nothing to predict",
    ),
    Need(
        "batch_norm",
        lambda plan: (
            plan.config.batch_size % _groups(plan)
            or plan.config.batch_size == _groups(plan)
        ),
        "of groups that divide --batch-size={batch_size}, of two pictures or "
        "more each",
    ),
)
CAUTIONS = ()


def check(plan) -> tuple:
    """Refuses a plan whose parts do not go together.

    Args:
        plan: A `Plan`.

    Returns:
        What is to be told of it, a sentence each.

    Raises:
        UsageError: with the first need that it breaks.
    """
    for need in REFUSALS:
        if need.broken(plan):
            bound = getattr(plan, need.setting, None)
            value = bound.spec if bound else getattr(plan.config, need.setting)
            name = need.setting.replace("_", "-")
            raise must(name, _filled(need.must, plan), value)
    return tuple(
        _filled(caution.words, plan)
        for caution in CAUTIONS
        if caution.holds(plan)
    )


def _filled(words, plan):
    """Words with what each axis chose, and every other setting."""
    names = dataclasses.asdict(plan.config) | {
        field.name: getattr(getattr(plan, field.name), "name", None)
        for field in dataclasses.fields(plan)
    }
    return words.format(**names)


def negatives_of(member) -> str:
    """Says which sources of negatives go with a loss.

    Args:
        member: A `Member` of `LOSSES`.

    Returns:
        A sentence.
    """
    for fact, reason in BATCH_ONLY.items():
        if _is(member, fact):
            return f"batch only: it {reason}."
    return "batch or bank."
