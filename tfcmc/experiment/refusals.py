"""What does not go together, as tables of needs and their reasons.

A need is data: which setting is wrong, when, what it must be and why. All are
looked at before anything heavy is loaded. Members tell facts of themselves
where they are registered, as `extra`:

kind        of a loss, one of `KINDS`; contrastive where it is not told
raw, whole_batch, same_view
            of a loss: what it is computed of, as `BATCH_ONLY` says with
            the kinds
remembers   of negatives: they are of other batches
stops       of a target: it has no gradient
distorts    of views: they cut and mirror by themselves
flattens    of an encoder: it takes views of one side
unnormalised
            of an encoder: it has no normalisation
map         of an encoder: it has features at places of the picture
places      of pairs: they are of a picture and its places
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
    CLUSTERING: "compares scores of prototypes",
}
# Views of a branch each, and pairs of several views.
APART = ("lab", "ycbcr")
SEVERAL = ("cross", "first", "assigned")
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
        unless_forced: Whether `--force` lets it pass.
    """

    setting: str
    broken: typing.Callable
    must: str
    unless_forced: bool = False


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
    branches = 2 if plan.views.name in APART else 1
    return branches * plan.views.options.get("count", 2) + _small(plan)


def _small(plan):
    """How many of them are small."""
    return plan.views.options.get("small", 0)


def _dim(head):
    """Dimensions of what a head makes, where its spec says so."""
    return head.options.get("dim")


def _held(plan):
    """Whether anchors are to agree with what has no gradient."""
    return _tells(plan.target, "stops")


def _normalised(plan):
    """Whether there is a normalisation anywhere, as far as is known."""
    return not _tells(plan.encoder, "unnormalised") or any(
        map(_normed, (plan.head, plan.predictor))
    )


def _normed(head):
    """Whether a head has a normalisation of its own."""
    return head.options.get("norm", "none") != "none"


def _predicts(plan):
    return plan.predictor.name != "none"


def _groups(plan):
    """How many groups batch normalisation splits a batch into."""
    return plan.batch_norm.options.get("groups", 1)


def _mixed(plan):
    """Whether a piece of a batch has other statistics, as far as is known."""
    own = ":" in plan.encoder.name  # not known before it is built
    heads = _normed(plan.head) or _normed(plan.predictor)
    normalised = heads or not (own or _tells(plan.encoder, "unnormalised"))
    return normalised and bool(_groups(plan) % plan.pieces)


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
    Need(
        "crop_from",
        lambda plan: (
            plan.config.crop_from == "whole"
            and plan.crop.name == "window"
            and not _tells(plan.views, "distorts")
        ),
        "square with --crop={crop}, which is of pictures of one size",
    ),
    Need(
        "encoder",
        lambda plan: (
            _tells(plan.pairs, "places")
            and ":" not in plan.encoder.name
            and not _tells(plan.encoder, "map")
        ),
        "one with a map with --pairs={pairs}, which compares places; dim has "
        "one",
    ),
    Need(
        "head",
        lambda plan: _tells(plan.pairs, "places") and plan.head.name == "none",
        "one with --pairs={pairs}, which makes as many dimensions of features "
        "and map",
    ),
    Need(
        "target",
        lambda plan: (
            _tells(plan.pairs, "places") and plan.target.name != "same"
        ),
        "same with --pairs={pairs}, or nothing trains the head of the map",
    ),
    Need(
        "negatives",
        lambda plan: (
            _tells(plan.pairs, "places")
            and plan.negatives.name not in ("batch", "local")
        ),
        "batch or local with --pairs={pairs}, whose negatives are the places "
        "of the batch's other pictures",
    ),
    Need(
        "loss",
        lambda plan: (
            _tells(plan.pairs, "places")
            and _kind(plan) not in (CONTRASTIVE, MUTUAL)
        ),
        "one with negatives with --pairs={pairs}, which compares places with "
        "those of other pictures",
    ),
    *(_remembered(*pair) for pair in BATCH_ONLY.items()),
    *(_unpredicted(*pair) for pair in UNPREDICTED.items()),
    Need(
        "negatives",
        lambda plan: (
            plan.pairs.name == "self" and plan.negatives.name != "bank"
        ),
        "bank with --pairs=self: an anchor would else be its own positive",
    ),
    Need(
        "target",
        lambda plan: _kind(plan) == PREDICTION and not _held(plan),
        "stopped or momentum with --loss={loss}, whose minimum is collapse "
        "where both sides learn",
    ),
    Need(
        "predictor",
        lambda plan: _kind(plan) == PREDICTION and not _predicts(plan),
        "given with --loss={loss}, which collapses without one; --force "
        "trains it all the same",
        unless_forced=True,
    ),
    Need(
        "predictor",
        lambda plan: (
            len({*map(_dim, (plan.head, plan.predictor))} - {None}) > 1
        ),
        "of as many dimensions as --head",
    ),
    Need(
        "target",
        lambda plan: (
            plan.negatives.name == "queue" and plan.target.name != "momentum"
        ),
        "momentum with --negatives=queue, whose keys an encoder that learns "
        "leaves behind",
    ),
    Need(
        "negatives",
        lambda plan: (
            plan.negatives.name == "bank" and plan.target.name == "momentum"
        ),
        "batch or queue with --target=momentum: a bank is a second memory of "
        "the same",
    ),
    Need(
        "negatives",
        lambda plan: (
            plan.negatives.name == "bank"
            and plan.negatives.options["each_anchor"]
            and plan.negatives.options["draws"] == "all"
        ),
        "of a number of draws with each_anchor=True: of all there is nothing "
        "to draw",
    ),
    Need(
        "negatives",
        lambda plan: (
            plan.negatives.name == "local"
            and _kind(plan) in (PREDICTION, CLUSTERING)
        ),
        "none or batch with --loss={loss}: there is nothing local about it",
    ),
    Need(
        "negatives",
        lambda plan: (
            plan.negatives.name == "none"
            and _kind(plan) in (CONTRASTIVE, MUTUAL)
            and not _tells(plan.loss, "whole_batch")
        ),
        "given with --loss={loss}, which tells the positive from others",
    ),
    Need(
        "views",
        lambda plan: _kind(plan) == CLUSTERING and plan.views.name in APART,
        "of one branch with --loss={loss}: a code of another encoder means "
        "nothing",
    ),
    Need(
        "views",
        lambda plan: _views(plan) < 2 and plan.pairs.name in SEVERAL,
        "of two copies or more with --pairs={pairs}",
    ),
    Need(
        "encoder",
        lambda plan: _small(plan) and _tells(plan.encoder, "flattens"),
        "one that takes views of any side, such as resnet, with small views: "
        "{encoder} flattens",
    ),
    Need(
        "target",
        lambda plan: (
            plan.target.name == "momentum"
            and plan.target.options["end"] < plan.target.options["start"]
        ),
        "of an end that is not below its start",
    ),
    Need(
        "predictor",
        lambda plan: (
            _predicts(plan) and _kind(plan) == CONTRASTIVE and not _held(plan)
        ),
        "none with --target=same and --loss={loss}: both sides learn, and "
        "there is nothing to predict",
    ),
    Need(
        "optimizer",
        lambda plan: (
            plan.optimizer.options.get("constant") == "predictor"
            and not _predicts(plan)
        ),
        "of constant=none with --predictor=none",
    ),
    Need(
        "budget",
        lambda plan: (
            plan.config.budget is not None
            and (plan.config.epochs is None) != (plan.config.steps is None)
        ),
        "left out with --epochs or --steps: how many fit is measured",
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
    Need(
        "microbatch",
        lambda plan: bool(
            plan.config.batch_size % (plan.config.microbatch or 1)
        ),
        "a divisor of --batch-size={batch_size}",
    ),
    Need(
        "microbatch",
        _mixed,
        "left out, or of whole groups of batch normalisation, such as with "
        '--batch-norm="split(groups={pieces})": statistics of a whole batch '
        "are not known in a piece",
    ),
)
CAUTIONS = (
    Caution(
        lambda plan: (
            _kind(plan) == CLUSTERING
            and plan.loss.options["prototypes"]
            > plan.config.batch_size + plan.loss.options["queue"]
        ),
        "there are more prototypes than pictures to share out among them: "
        "fewer, or a queue= of --loss, leave none unused",
    ),
    Caution(
        lambda plan: _kind(plan) == PREDICTION and not _normalised(plan),
        "without any normalisation, {loss} often collapses: "
        '--head="mlp(norm=hidden)" has one',
    ),
    Caution(
        lambda plan: (
            plan.negatives.name == "queue"
            and plan.batch_norm.name == "synchronized"
            and _normalised(plan)
        ),
        "statistics of a whole step tell its keys from those of the queue: "
        '--batch-norm="split(groups=8)" hides it',
    ),
)


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
        forced = need.unless_forced and plan.config.force
        if not forced and need.broken(plan):
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
    names = dataclasses.asdict(plan.config) | {"pieces": plan.pieces}
    names |= {
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
            return f"not remembered, no bank and no queue: it {reason}."
    return "of the batch, or remembered in a bank or a queue."
