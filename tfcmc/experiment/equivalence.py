"""Proof that devices and pieces compute what one does, for every loss."""

import contextlib
import dataclasses
import functools

import numpy as np

from tfcmc.data.pictures import ArrayPictures
from tfcmc.distribute import replicas
from tfcmc.distribute.cluster import machines_of
from tfcmc.distribute.strategies import (
    check_batch_size,
    is_chief,
    make_strategy,
    use_devices,
)
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.recipe import Plan, make_plan
from tfcmc.experiment.verified import SEED
from tfcmc.foundation.lazy import keras, settled, tf
from tfcmc.foundation.variables import assign

TOLERANCE = 1e-5  # relative: the rounding of float32 in another order
# An estimate near 0 is the difference of numbers near 1, and rounded as they.
SMALL = 0.01
BATCH = 8  # pictures, or two for every replica if that is more
STEPS = 2  # where something is remembered, the second step sees it
LINE = "{:<22}{:<16}{:>12}{:>12}{:>13}{:>11}"
COLUMNS = ("value", "of value", "of gradient", "of memory")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What the last of some steps computed."""

    loss: float  # the objective
    gradients: list  # [weights], one a branch or predictor
    # What is kept of the batches after it, loss states, memories and moving
    # statistics, in one vector a copy: [copies, numbers].
    left: np.ndarray


@dataclasses.dataclass(frozen=True)
class Difference:
    """How far all replicas are from one device, for one loss."""

    loss: str  # a spec, as the next
    negatives: str
    value: float  # the objective on one device
    of_loss: float  # relative difference of the objective, or of `SMALL`
    of_gradient: float  # |g - h| / |h|, the largest of all branches
    of_memory: float  # the same of what is kept, of the worst replica

    @property
    def fine(self) -> bool:
        """Whether all are rounding, and numbers."""
        found = (self.of_loss, self.of_gradient, self.of_memory)
        return all(each <= TOLERANCE for each in found)


@settled()
def prove(
    strategy: str,
    count: int | None,
    plans: list[Plan],
    batch: int | None = None,
) -> bool:
    """Compares all replicas with one device, and prints a table.

    Args:
        strategy: The name of a strategy, as `make_strategy` takes it.
        count: Devices of this machine to use, or None for those it has.
        plans: What to compare, as `cases` makes them.

    Returns:
        Whether every loss and every gradient is the same.
    """
    if count is not None:
        use_devices(count)
        if strategy == "auto" and machines_of(strategy) is None:
            strategy = "mirrored"
    strategy = make_strategy(strategy)
    tf.get_logger().setLevel("ERROR")  # it advises to compile
    # Ten bits of mantissa would differ by more than what is looked for.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    tell = print if is_chief(strategy) else lambda *_: None
    piece = plans[0].config.microbatch
    pieces = f", in pieces of {piece} pictures" if piece else ""
    tell(
        f"{strategy.num_replicas_in_sync} replicas beside one device{pieces}; "
        f"relative differences, {TOLERANCE:g} allowed\n"
    )
    tell(LINE.format("loss", "negatives", *COLUMNS))
    differing = 0
    for plan in plans:
        found = verify(strategy, plan, batch)
        tell(_line(found))
        differing += not found.fine
    verdict = f"{differing} differ" if differing else "all the same"
    tell(f"\n{verdict}")
    return not differing


@settled()
def verify(strategy, plan: Plan, batch: int | None = None) -> Difference:
    """Compares all replicas, and pieces where there are, with one device.

    Where negatives or batch statistics are each device's own, the one device
    takes the share of each by itself there, and the mean of all.

    Args:
        strategy: A `tf.distribute` strategy.
        batch: Pictures a step, on all replicas; None for a few.

    Raises:
        UsageError: if they cannot be shared out.
    """
    count = strategy.num_replicas_in_sync
    groups = plan.batch_norm.options.get("groups", 1)
    if batch is None:
        # Normalised by two rows vectors are signs, and gradients rounding.
        batch = max(count * max(2, BATCH // count), 4 * groups)
        batch = -(-batch // groups) * groups
    else:
        each = groups if groups > 1 else None
        check_batch_size(strategy, batch, each, plan.pieces)
    whole = dataclasses.replace(plan.config, microbatch=None)
    want = _compute_on_one(whole, batch, count)
    got = compute(strategy, plan, batch)
    return Difference(
        loss=plan.loss.short,
        negatives=plan.negatives.short,
        value=want.loss,
        of_loss=_apart(got.loss, want.loss, SMALL),
        of_gradient=max(map(_apart, got.gradients, want.gradients)),
        of_memory=max(_apart(copy, want.left[0]) for copy in got.left),
    )


def compute(strategy, plan: Plan, batch: int, parts: int = 1) -> Outcome:
    """Computes loss and gradients of a few steps at the initial weights.

    Args:
        strategy: A `tf.distribute` strategy.
        batch: Pictures a step, on all replicas.
        parts: Of one device: in how many parts it takes a batch where each of
            several devices would take its own.
    """
    pictures = _pictures(plan.config.side, batch)
    plan = dataclasses.replace(
        plan, config=dataclasses.replace(plan.config, batch_size=batch)
    )
    architecture = Architecture(plan, pictures.side)
    with strategy.scope():
        branches = _branches(strategy, _common(plan.config))
        model = architecture.model(branches, len(pictures), STEPS)
        model.compile(optimizer=keras.optimizers.Adam())
    start = [each.numpy() for each in model.statistics()]

    def on_replica(part):
        value, gradients, left = model.differentiate(part)
        model.keep(*left)
        return replicas.add([value, *gradients])

    kept = _kept(model)
    steps = STEPS if any(each.shape.num_elements() for each in kept) else 1
    stream = architecture.stream(pictures)
    apart = contextlib.nullcontext()
    if parts > 1:
        apart = _in_parts(model, parts)
    with apart:
        for step in range(steps):
            model.optimizer.iterations.assign(step)
            part = strategy.experimental_distribute_values_from_function(
                functools.partial(_share, stream, step)
            )
            # Not compiled: each loss runs once, and compiling takes longer.
            value, *gradients = (
                strategy.experimental_local_results(each)[0].numpy()
                for each in strategy.run(on_replica, args=(part,))
            )
    copies = zip(
        *(strategy.experimental_local_results(each) for each in kept),
        strict=True,
    )
    left = [[np.ravel(each.numpy()) for each in copy] for copy in copies]
    # The branches serve other losses.
    assign(model.statistics(), start)
    return Outcome(
        float(value),
        _by_part(model, gradients),
        np.stack([np.concatenate(copy) for copy in left])
        if kept
        else np.zeros([1, 0]),
    )


def _share(stream, step, context):
    """A replica's share of the batch of a step."""
    share = context.replica_id_in_sync_group
    part = stream.batch(step, share, context.num_replicas_in_sync)
    return tuple(map(tf.constant, part))


def _common(config):
    """What branches are made by, whatever the loss; of a preset all of it."""
    # Pairs with what is remembered go with no other negatives.
    if config.preset or config.pairs == "self":
        return config
    return dataclasses.replace(
        config, loss="softmax", negatives="batch", run_dir=None
    )


@functools.lru_cache(maxsize=4)
def _branches(strategy, config):
    """The branches at their initial weights, which nothing here changes."""
    # Once for all losses: several machines agree on the start of each weight
    # in turn.
    del strategy  # part of the key only
    plan = make_plan(config, check_data=False)
    return Architecture(plan, config.side).branches()


@functools.cache
def _compute_on_one(config, batch, count):
    """The outcome on one device, beside any strategy of so many."""
    plan = make_plan(config, check_data=False)
    return compute(tf.distribute.get_strategy(), plan, batch, parts=count)


@contextlib.contextmanager
def _in_parts(model, count):
    """Lets one device do by parts what each of several does by itself."""
    layers = [
        each
        for each in model.normalisations()
        if not (each.synchronized or getattr(each, "groups", None))
    ]
    for layer in layers:
        layer.call = functools.partial(_normalise, layer, layer.call, count)
    if model.local:
        model._objective = functools.partial(
            _objective, model, model._objective, count
        )
        model._order = functools.partial(_order, model._order, count)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def _normalise(layer, call, count, inputs, **options):
    """Normalises each device's rows by themselves."""
    found = _in_turn(
        layer.non_trainable_variables,
        functools.partial(call, **options),
        [(part,) for part in tf.split(inputs, count)],
    )
    return tf.concat(found, axis=0)


def _objective(model, call, count, anchors, targets, numbers, step):
    """The mean of what each device's share of the batch is worth."""

    def share(part):
        views = [
            {view: tf.split(each, count)[part] for view, each in side.items()}
            for side in (anchors, targets)
        ]
        return *views, tf.split(numbers, count)[part], step

    states = [
        each
        for loss in model.losses_used
        for each in loss.non_trainable_variables
    ]
    return tf.reduce_mean(_in_turn(states, call, map(share, range(count))))


def _order(call, count, step, view, rows):
    """Each device's rows in an order of their own."""
    share = rows // count
    order = call(step, view, share)
    return tf.concat([order + part * share for part in range(count)], 0)


def _in_turn(variables, call, parts):
    """Calls with each part from the same start, and keeps the mean end."""
    start = [each.numpy() for each in variables]
    found, ends = [], []
    for part in parts:
        assign(variables, start)
        found.append(call(*part))
        ends.append([each.numpy() for each in variables])
    means = [np.mean(each, axis=0) for each in zip(*ends, strict=True)]
    assign(variables, means)
    return found


def _pictures(side, batch):
    """Random pictures of large patches."""
    rng = np.random.default_rng(SEED)
    patches = rng.integers(0, 256, (STEPS * batch + 3, 4, 4, 3), np.uint8)
    pixels = patches.repeat(-(-side // 4), axis=1).repeat(
        -(-side // 4), axis=2
    )
    return ArrayPictures(pixels[:, :side, :side])


def _by_part(model, gradients):
    """Joins the gradients of the weights of each branch, and of each head."""
    rest = iter(gradients)
    parts = (
        *model.branches,
        *model.predictors,
        *model.critics,
        *model.losses_used,
    )
    return [
        np.concatenate([next(rest).ravel() for _ in part.trainable_variables])
        for part in parts
        if part.trainable_variables
    ]


def _kept(model):
    """What a step leaves: loss states, memories, twin, moving statistics."""
    states = [each for loss in model.losses_used for each in loss.variables]
    twins = model.twin.trainable_variables if model.twin else ()
    kept = [*states, *model.memory.variables, *twins, *model.statistics()]
    return [each.value for each in kept]


def _apart(got, want, least=1e-30):
    """|got - want| / |want|, or of the least that counts."""
    difference = np.subtract(got, want, dtype=np.float64)
    return float(np.linalg.norm(difference) / max(np.linalg.norm(want), least))


def _line(found):
    """The row of the table."""
    differences = (found.of_loss, found.of_gradient, found.of_memory)
    return LINE.format(
        found.loss,
        found.negatives,
        f"{found.value:.6g}",
        *(f"{each:.1e}" for each in differences),
    ) + ("" if found.fine else "  DIFFERS")
