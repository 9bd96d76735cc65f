"""Training: from the last checkpoint to the last epoch."""

import contextlib

from tfcmc.distribute.strategies import is_chief, on_gpus, share_from_chief
from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import tf
from tfcmc.foundation.signals import Interrupted, noted
from tfcmc.optimizers.scaled import LossScaled
from tfcmc.report.summary import place
from tfcmc.training.checkpoints import Checkpoints
from tfcmc.training.fit import Restarted, fit, restore, rows_before, spans
from tfcmc.training.interval import Interval
from tfcmc.training.measuring import MeasureRepresentation
from tfcmc.training.pace import Pace
from tfcmc.training.profile import Profile
from tfcmc.training.progress import ShowProgress
from tfcmc.training.saving import GoOn, SaveCheckpoint, SaveHistory
from tfcmc.training.stopping import StopWhenNotFinite, WatchForCollapse


def train(
    plan, run, architecture, branches, data, strategy, until: int, saved
) -> None:
    """Fits the branches of a plan in place, from a checkpoint on.

    Args:
        branches: Branch name to model.
        strategy: The `tf.distribute` strategy that the branches are of.
        until: The epoch to stop after.
        saved: The `Checkpoint` that `claim` returned.

    Raises:
        Interrupted: if it was told to stop; it has saved where it was.
    """
    config = plan.config
    stream = architecture.stream(data.learnt)
    steps = stream.steps_per_epoch
    restarts = restarts_of(saved, strategy)
    with strategy.scope():
        model = compiled(
            plan, architecture, branches, data.learnt, steps, restarts
        )
        variables = model.state()
    if saved.step:
        restore(model, saved, run)
    share_from_chief(strategy, list(variables.values()))
    first, last = model.steps_done(), config.steps_of(steps)
    last = min(until * steps, last)
    # The last epoch may be cut short.
    begun = -(-first // steps) if first == last else first // steps
    rows = rows_before(saved, run, begun)
    if first >= last:
        print(f"{run.folder}: trained already, {begun} epochs")
        return
    if first:
        print(f"{run.folder}: goes on after {place(first, steps)}")
    where = on_gpus(strategy)
    print(f"training with {plan.loss.spec}, {steps:,} steps an epoch{where}")
    more = {}
    if restarts:
        rows = [{**row, "restarts": row.get("restarts", 0)} for row in rows]
        more["restarts"] = len(saved.state["identity"].get("restarts", ()))
        print(
            f"note: {courses(plan)} begins anew after "
            f"{place(restarts[-1], steps)}, "
            f"over {config.steps_of(steps) - restarts[-1]:,} steps"
        )
    if told := model.memory.told:
        print(f"note: {told}")
    pace = Pace(stream.made, first)
    history = SaveHistory(run, rows, saved.state["seconds"], more, pace)
    with contextlib.ExitStack() as stack:
        told = stack.enter_context(noted())
        callbacks = [
            pace,
            StopWhenNotFinite(),
            measuring(plan, architecture, branches, model, data),
            history,
            SaveCheckpoint(
                Checkpoints(run.checkpoints) if is_chief(strategy) else None,
                history,
                identity=saved.state["identity"],
                steps_per_epoch=steps,
                last_step=last,
                due=Interval(config.save_every).due,
                told=told,
            ),
            ShowProgress(
                epochs=until,
                first_step=first,
                last_step=last,
                steps_per_epoch=steps,
                batch_size=config.batch_size,
                pace=pace,
            ),
            WatchForCollapse(
                history,
                architecture.patient(
                    branches, len(data.learnt), len(data.held_out.pictures)
                ),
                stop=config.stop_on_collapse,
            ),
        ]
        if config.profile is not None and is_chief(strategy):
            folder, count = str(run.tensorboard), last - first
            profile = Profile(folder, config.profile, count)
            callbacks.insert(0, stack.enter_context(profile))
        if first % steps:
            callbacks.append(GoOn(model))
        for span in spans(first, last, steps):
            fit(model, strategy, stream, *span, callbacks)
        if told() is not None:
            raise Interrupted(told(), place(last, steps))


def courses(plan) -> str:
    """Names what of a plan follows a course over all steps."""
    bound = {"schedule": plan.schedule, "target": plan.target}
    return " and ".join(
        f"--{axis}={each.spec}"
        for axis, each in bound.items()
        if each.name not in ("constant", "same", "stopped")
    )


def restarts_of(saved, strategy) -> tuple:
    """Returns where the schedule began anew first and last, if it did.

    Other machines than the chief have no checkpoint that says so.
    """
    known = saved.state["identity"].get("restarts", [0])
    with strategy.scope():
        ends = tf.Variable([known[0], known[-1]], dtype=tf.int64)
    share_from_chief(strategy, [ends])
    return tuple(int(step) for step in ends.numpy() if step)


def measuring(
    plan, architecture, branches, model, data
) -> MeasureRepresentation:
    """Returns what measures the held-out pictures after every epoch."""
    views = architecture.views
    return MeasureRepresentation(
        architecture.follower(branches),
        data.held_out,
        views.names,
        views.branches,
        alpha=plan.config.alpha,
        t=plan.config.t,
        batch_size=plan.config.batch_size,
        leak=architecture.leak(model),
    )


def compiled(
    plan, architecture, branches, pictures, steps: int, restarts: tuple = ()
):
    """Returns the model with its optimizer.

    Args:
        branches: Branch name to model.
        pictures: What to learn from.
        steps: Steps an epoch.
        restarts: Steps done where a longer training began.

    Raises:
        UsageError: if something would begin after the last step.
    """
    rate, every = plan.config.learning_rate, plan.config.steps_of(steps)
    for name in ("freeze", "queue_from"):
        if plan.loss.options.get(name, 0) >= every:
            raise must(
                "loss",
                f"of a {name} below the {every:,} steps of the run",
                plan.loss.spec,
            )
    model = architecture.model(branches, len(pictures), every, restarts)
    begun = restarts[-1] if restarts else 0
    schedule = plan.schedule.function(rate, every - begun, plan.config.warmup)
    if begun and callable(schedule):
        schedule = Restarted(schedule, begun)
    optimizer = plan.optimizer.function(rate, schedule)
    if plan.optimizer.options.get("constant") == "predictor":
        optimizer.hold(
            [v for part in model.predictors for v in part.trainable_variables]
        )
    if plan.config.precision == "float16":
        optimizer = LossScaled(optimizer)
        optimizer.build(model.learnt)
    # XLA would halve the speed of the convolutions on a CPU; the colours are
    # compiled by themselves.
    model.compile(optimizer=optimizer, jit_compile=False)
    return model
