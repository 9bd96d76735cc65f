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
warms       of a schedule: it reads the warm-up
"""

import dataclasses
import typing

from tfcmc.foundation.errors import must
from tfcmc.foundation.own import takes

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
# Axes that stand between features and loss.
HEADS = ("head", "predictor")
# Settings that views which distort do not read.
CUTTING = ("crop", "geometry", "flip")


@dataclasses.dataclass(frozen=True)
class Need:
    """Something that a setting must be."""

    setting: str  # the one that is told as wrong
    broken: typing.Callable  # `Facts -> bool`
    must: str  # what it must be and why; `{f.loss}` is that fact of the plan
    unless_forced: bool = False  # whether `--force` lets it pass


@dataclasses.dataclass(frozen=True)
class Caution:
    """Something that is told, and trained all the same."""

    holds: typing.Callable  # `Facts -> bool`
    words: str  # a sentence, with facts as in `Need`


def kind_of(member) -> str:
    """Returns of which of `KINDS` a loss is."""
    return member.extra.get("kind", CONTRASTIVE)


def _is(member, fact):
    """Whether a member tells a fact of itself, or is of a kind."""
    extra = member.extra
    return bool(extra.get(fact)) or fact == extra.get("kind")


def _reason(member, reasons):
    """The first of some reasons, by fact, whose fact a member tells."""
    told = (reasons[fact] for fact in reasons if _is(member, fact))
    return next(told, None)


class Facts:
    """What needs and cautions ask of a plan, as far as its specs say it.

    Attributes:
        contrasts: Whether the loss tells the positive from negatives.
        batch_only: Why the loss takes no remembered negatives; None where it
            does.
        unpredicted: Why it takes no predictor; None where it does.
        held: Whether anchors are to agree with what has no gradient.
        small: How many of the views are small.
        groups: How many batch normalisation splits a batch into.

    An axis is the name of what it chose: `facts.target` is "momentum".
    """

    def __init__(self, plan):
        loss = plan.loss.member
        self.plan, self.config, self.pieces = plan, plan.config, plan.pieces
        self.kind = kind_of(loss)
        self.contrasts = self.kind in (CONTRASTIVE, MUTUAL)
        self.batch_only = _reason(loss, BATCH_ONLY)
        self.unpredicted = _reason(loss, UNPREDICTED)
        self.predicts = self.predictor != "none"
        self.held = self.tells("target", "stops")
        self.places = self.tells("pairs", "places")
        self.distorts = self.tells("views", "distorts")
        self.small = self.option("views", "small", 0)
        self.groups = self.option("batch_norm", "groups", 1)

    def __getattr__(self, axis):
        return getattr(self.plan, axis).name

    def tells(self, axis, fact):
        """Whether what an axis chose tells a fact, or is of a kind."""
        return _is(getattr(self.plan, axis).member, fact)

    def option(self, axis, name, default=None):
        """An option of what an axis chose, or a default where it has none.

        One of the user's own may mean something else by the same word.
        """
        bound = getattr(self.plan, axis)
        own = ":" in bound.name
        return default if own else bound.options.get(name, default)

    def several(self):
        """Whether there are two views or more."""
        branches = 2 if self.views in APART else 1
        return branches * self.option("views", "count", 2) + self.small > 1

    def uneven(self):
        """Whether head and predictor say different numbers of dimensions."""
        dims = {self.option(axis, "dim") for axis in HEADS}
        return len(dims - {None}) > 1

    def normed(self):
        """Whether head or predictor has a normalisation of its own."""
        norms = [self.option(axis, "norm", "none") for axis in HEADS]
        return norms != ["none", "none"]

    def normalised(self):
        """Whether there is a normalisation anywhere."""
        return self.normed() or not self.tells("encoder", "unnormalised")

    def fixed(self):
        """Whether the encoder has layers of its own in any case."""
        function = self.plan.encoder.member.function
        return ":" in self.encoder and not takes(function, "batch_norm")

    def mixed(self):
        """Whether a piece of a batch has other statistics."""
        unknown = ":" in self.encoder  # before one's own is built
        normalised = self.normed() or self.normalised() and not unknown
        return normalised and self.groups % self.pieces

    def changed(self, setting):
        """Whether a setting is not its default."""
        standard = type(self.config)()
        if setting != "crop":
            return getattr(self.config, setting) != getattr(standard, setting)
        return self.crop != standard.crop or self.plan.crop.changed


def _unread(setting):
    return Need(
        setting,
        lambda f: f.distorts and f.changed(setting),
        "left out with --views={f.views}, which cuts and mirrors by its "
        "augment=",
    )


def _of_places(setting, broken, words):
    """A need of pairs that are of places, and of no others."""
    return Need(setting, lambda f: f.places and broken(f), words)


REFUSALS = (
    *map(_unread, CUTTING),
    Need(
        "crop_from",
        lambda f: (
            f.config.crop_from == "whole"
            and f.crop == "window"
            and not f.distorts
        ),
        "square with --crop={f.crop}, which is of pictures of one size",
    ),
    _of_places(
        "encoder",
        lambda f: ":" not in f.encoder and not f.tells("encoder", "map"),
        "one with a map with --pairs={f.pairs}, which compares places; dim "
        "has one",
    ),
    _of_places(
        "head",
        lambda f: f.head == "none",
        "one with --pairs={f.pairs}, which makes as many dimensions of "
        "features and map",
    ),
    _of_places(
        "target",
        lambda f: f.target != "same",
        "same with --pairs={f.pairs}, or nothing trains the head of the map",
    ),
    _of_places(
        "negatives",
        lambda f: f.negatives not in ("batch", "local"),
        "batch or local with --pairs={f.pairs}, whose negatives are the "
        "places of the batch's other pictures",
    ),
    _of_places(
        "loss",
        lambda f: not f.contrasts,
        "one with negatives with --pairs={f.pairs}, which compares places "
        "with those of other pictures",
    ),
    Need(
        "negatives",
        lambda f: f.batch_only and f.tells("negatives", "remembers"),
        "batch with --loss={f.loss}, which {f.batch_only}",
    ),
    Need(
        "predictor",
        lambda f: f.predicts and f.unpredicted,
        "none with --loss={f.loss}, which {f.unpredicted}",
    ),
    Need(
        "negatives",
        lambda f: f.pairs == "self" and f.negatives != "bank",
        "bank with --pairs=self: an anchor would else be its own positive",
    ),
    Need(
        "target",
        lambda f: f.kind == PREDICTION and not f.held,
        "stopped or momentum with --loss={f.loss}, whose minimum is collapse "
        "where both sides learn",
    ),
    Need(
        "predictor",
        lambda f: f.kind == PREDICTION and not f.predicts,
        "given with --loss={f.loss}, which collapses without one; --force "
        "trains it all the same",
        unless_forced=True,
    ),
    Need("predictor", Facts.uneven, "of as many dimensions as --head"),
    Need(
        "target",
        lambda f: f.negatives == "queue" and f.target != "momentum",
        "momentum with --negatives=queue, whose keys an encoder that learns "
        "leaves behind",
    ),
    Need(
        "negatives",
        lambda f: f.negatives == "bank" and f.target == "momentum",
        "batch or queue with --target=momentum: a bank is a second memory of "
        "the same",
    ),
    Need(
        "negatives",
        lambda f: (
            f.option("negatives", "each_anchor")
            and f.option("negatives", "draws") == "all"
        ),
        "of a number of draws with each_anchor=True: of all there is nothing "
        "to draw",
    ),
    Need(
        "negatives",
        lambda f: f.negatives == "local" and not f.contrasts,
        "none or batch with --loss={f.loss}: there is nothing local about it",
    ),
    Need(
        "negatives",
        lambda f: (
            f.negatives == "none"
            and f.contrasts
            and not f.tells("loss", "whole_batch")
        ),
        "given with --loss={f.loss}, which tells the positive from others",
    ),
    Need(
        "views",
        lambda f: f.kind == CLUSTERING and f.views in APART,
        "of one branch with --loss={f.loss}: a code of another encoder means "
        "nothing",
    ),
    Need(
        "views",
        lambda f: not f.several() and f.pairs in SEVERAL,
        "of two copies or more with --pairs={f.pairs}",
    ),
    Need(
        "encoder",
        lambda f: f.small and f.tells("encoder", "flattens"),
        "one that takes views of any side, such as resnet, with small views: "
        "{f.encoder} flattens",
    ),
    Need(
        "target",
        lambda f: (
            f.target == "momentum"
            and f.option("target", "end") < f.option("target", "start")
        ),
        "of an end that is not below its start",
    ),
    Need(
        "predictor",
        lambda f: f.predicts and f.kind == CONTRASTIVE and not f.held,
        "none with --target=same and --loss={f.loss}: both sides learn, and "
        "there is nothing to predict",
    ),
    Need(
        "optimizer",
        lambda f: (
            f.option("optimizer", "constant") == "predictor" and not f.predicts
        ),
        "of constant=none with --predictor=none",
    ),
    Need(
        "budget",
        lambda f: (
            f.config.budget is not None
            and (f.config.epochs is None) != (f.config.steps is None)
        ),
        "left out with --epochs or --steps: how many fit is measured",
    ),
    Need(
        "batch_norm",
        lambda f: (
            f.config.batch_size % f.groups or f.config.batch_size == f.groups
        ),
        "of groups that divide --batch-size={f.config.batch_size}, of two "
        "pictures or more each",
    ),
    Need(
        "microbatch",
        lambda f: f.config.batch_size % (f.config.microbatch or 1),
        "a divisor of --batch-size={f.config.batch_size}",
    ),
    Need(
        "microbatch",
        Facts.mixed,
        "left out, or of whole groups of batch normalisation, such as with "
        '--batch-norm="split(groups={f.pieces})": statistics of a whole batch '
        "are not known in a piece",
    ),
)
CAUTIONS = (
    Caution(
        lambda f: (
            f.kind == CLUSTERING
            and f.option("loss", "prototypes")
            > f.config.batch_size + f.option("loss", "queue")
        ),
        "there are more prototypes than pictures to share out among them: "
        "fewer, or a queue= of --loss, leave none unused",
    ),
    Caution(
        lambda f: f.kind == PREDICTION and not f.normalised(),
        "without any normalisation, {f.loss} often collapses: "
        '--head="mlp(norm=hidden)" has one',
    ),
    Caution(
        lambda f: (
            f.negatives == "queue"
            and f.batch_norm == "synchronized"
            and (f.normed() or f.normalised() and not f.fixed())
        ),
        "statistics of a whole step tell its keys from those of the queue: "
        '--batch-norm="split(groups=8)" hides it',
    ),
    Caution(
        lambda f: (
            f.batch_norm != "synchronized"
            and f.fixed()
            and not f.option("batch_norm", "each_view")
        ),
        "--batch-norm={f.batch_norm} changes nothing of {f.encoder}, whose "
        "layers are its own",
    ),
    Caution(
        lambda f: (
            f.config.warmup
            and f.changed("warmup")
            and not f.tells("schedule", "warms")
        ),
        "--warmup is not read: --schedule={f.schedule} warms up for no steps",
    ),
)


def check(plan) -> tuple:
    """Refuses a plan whose parts do not go together.

    Returns:
        What is to be told of it, a sentence each.

    Raises:
        UsageError: with the first need that it breaks.
    """
    facts = Facts(plan)
    for need in REFUSALS:
        forced = need.unless_forced and plan.config.force
        if not forced and need.broken(facts):
            bound = getattr(plan, need.setting, None)
            value = bound.spec if bound else getattr(plan.config, need.setting)
            name = need.setting.replace("_", "-")
            raise must(name, need.must.format(f=facts), value)
    return tuple(
        caution.words.format(f=facts)
        for caution in CAUTIONS
        if caution.holds(facts)
    )


def negatives_of(member) -> str:
    """Says in a sentence which sources of negatives go with a loss."""
    if reason := _reason(member, BATCH_ONLY):
        return f"not remembered, no bank and no queue: it {reason}."
    return "of the batch, or remembered in a bank or a queue."
