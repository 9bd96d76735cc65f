"""Whole experiments: where names, settings, files and mathematics meet."""

import contextlib
import dataclasses
import os
import shlex
import tempfile

from tfcmc.data.digest import describe_data
from tfcmc.distribute.strategies import (
    check_batch_size,
    check_same_everywhere,
    is_chief,
    make_strategy,
)
from tfcmc.encoders import save_encoder
from tfcmc.experiment import artifacts, elsewhere
from tfcmc.experiment.architecture import (
    NO_FILES,
    Architecture,
    open_trained,
    refuse_whole,
)
from tfcmc.experiment.cost import settle
from tfcmc.experiment.data import as_trained, read_data, read_source
from tfcmc.experiment.evaluate import Extent, hashes_of, judge
from tfcmc.experiment.ownership import check_data, claim, mend_history
from tfcmc.experiment.recipe import open_run
from tfcmc.experiment.start import read_start
from tfcmc.experiment.train import train
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import settled
from tfcmc.foundation.locks import held
from tfcmc.report.summary import verdict_text
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import PLACE, differences, make_identity, origin_of
from tfcmc.runs.record import read_metrics, read_settings


@settled()
def pretrain(plan, *, until: int | None = None, beside=()):
    """Trains the branches of a plan and judges them; goes on where it stopped.

    Args:
        until: The epoch to stop after, of those that the schedule spans; None
            for the last.
        beside: `Run`s with the same controls.

    Returns:
        What `metrics.json` holds; None where nothing is judged, and on a
        machine that is not the chief.

    Raises:
        UsageError: if the data do not do, or the folder is another run's, or
            in use.
        Interrupted: if it was told to stop.
        NotFinite: if the loss is no number any more.
        Collapsed: if the embeddings collapse and the config says to stop.
    """
    config = plan.config
    if config.crop_from == "whole" and "files" not in plan.data.member.extra:
        refuse_whole(plan, NO_FILES)
    run = open_run(plan)
    strategy = make_strategy(config.strategy)
    groups = plan.batch_norm.options.get("groups")
    check_batch_size(strategy, config.batch_size, groups, plan.pieces)
    with own_folder(run, is_chief(strategy)) as run:
        start = read_start(plan)
        data = read_data(plan, learns=True)
        for note in plan.notes:
            print(f"  note: {note}")
        check_enough(data, config.batch_size)
        if config.steps is not None:  # their epochs depend on the pictures
            check_data(config.data, data.described, [run])
        plan = settle(plan, data.learnt, strategy)
        config = plan.config
        identity = identify(plan, data.described, strategy, beside, start)
        architecture = Architecture(
            plan, data.learnt.side, identity["replicas"], start
        )
        architecture.check_read()
        architecture.check_saved()
        architecture.check_pieces()
        with strategy.scope():
            branches = architecture.initial()
            architecture.predictors(branches)  # refuses what does not fit
        saved = claim(run, architecture.views.branches, identity)
        identity = saved.state["identity"]
        architecture.origin = origin_of(identity)
        # What goes on with these settings is not traced again.
        kept = dataclasses.replace(config, profile=None)
        run.write_json("config.json", dataclasses.asdict(kept))
        until = min(until or config.epochs, config.epochs)
        train(plan, run, architecture, branches, data, strategy, until, saved)
        branches = architecture.as_read(branches)
        save(run, branches, identity)
        if config.evaluate == "none":
            leave_unjudged(run, hashes_of(branches))
        elif is_chief(strategy):
            extent = Extent(config.evaluate, beside)
            return conclude(plan, run, data, architecture, branches, extent)
        return None


def conclude(plan, run, data, architecture, branches: dict, extent) -> dict:
    """Judges trained branches, and draws, writes and prints what was found.

    Returns:
        What `metrics.json` holds.
    """
    print("judging the frozen features")
    verdict = judge(plan, run, data, architecture, branches, extent)
    numbers = artifacts.write(
        plan, run, data, architecture.views, verdict, full=extent.full
    )
    print(verdict_text(numbers, architecture.views.names))
    print(f"everything is in {run.folder}")
    return numbers


def leave_unjudged(run, hashes: dict) -> None:
    """Says how to judge later; what was found of other weights goes."""
    try:
        found = read_metrics(run)
    except UsageError as error:
        print(f"note: {error}\nIt is of no use, and goes")
        found = {"encoders_sha256": None}
    if found and found.get("encoders_sha256") != hashes:
        (run.folder / "metrics.json").unlink()
        artifacts.remove_drawn(run)
    command = shlex.join(["tfcmc", "evaluate", str(run.folder)])
    print(f"not judged: {command} does that")


def check_enough(data, batch_size: int) -> None:
    """Checks that there is a batch of pictures to learn from."""
    left, count = len(data.learnt), len(data.source.pretrain)
    if batch_size > left:
        apart = count - left
        held_out = f" ({apart:,} of {count:,} are not)" if apart else ""
        raise UsageError(
            f"`batch-size` must be at most the number of pictures to "
            f"learn from, {left:,}{held_out}. Received: {batch_size}"
        )


def identify(plan, data: dict, strategy, beside, start=None) -> dict:
    """Makes the identity of a training.

    Args:
        data: What `describe_data` said of its pictures.
        strategy: The `tf.distribute` strategy.
        beside: `Run`s that it is to be compared with.
        start: The `Start` of its weights, or None.

    Returns:
        As `tfcmc.runs.identity` says.

    Raises:
        UsageError: if one of those has other pictures, or another machine has
            other pictures or weights.
    """
    check_data(plan.config.data, data, beside)
    replicas = strategy.num_replicas_in_sync
    settings = dataclasses.asdict(plan.config)
    init = start and start.origin
    identity = make_identity(settings, data, replicas, plan.code(), init)
    check_same_everywhere(strategy, identity, differences)
    return identity


@contextlib.contextmanager
def own_folder(run: Run, chief):
    """Gives the run folder to the chief, and others one that passes away.

    All machines do the same, measure and stop alike; what the others write
    and print is of no use.

    Args:
        chief: Whether this process is the one that writes.

    Yields:
        The `Run` to write to.
    """
    if chief:
        with alone_in(run):
            yield run
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
    ):
        own = Run(folder)
        own.create()
        # Read before the chief adds to it, which waits for all to start.
        own.write_history(run.read_history())
        yield own


@contextlib.contextmanager
def alone_in(run: Run):
    """Makes a run folder and holds it; leaves none where nothing came of it.

    Raises:
        UsageError: if another process is using the folder.
    """
    new = not run.folder.exists()
    run.create()
    with held(run.folder):
        try:
            yield
        finally:
            if new:
                run.remove_empty()


def check_same_data(plan, runs):
    """Reads the plan's data, and checks that runs had these very pictures.

    Args:
        runs: `Run`s; those that have not begun do not count.

    Raises:
        UsageError: if one had others, or they cannot be read.
    """
    source = read_source(plan)
    data = source.described or describe_data(source)
    check_data(plan.config.data, data, runs)


def save(run, branches: dict, identity: dict) -> None:
    """Saves the model of every branch, each whole or not at all."""
    for name, branch in branches.items():
        save_encoder(run.encoders / f"{name}.keras", branch, identity)


@settled()
def evaluate(plan, run: Run, evaluate="full", *, named=False, **constants):
    """Judges the encoders of a run folder, again or for the first time.

    Where the pictures are is noted in its `config.json`. Those that were named
    may be others than the run's: then its own verdict stays as it is, and
    this one lies in a folder of its own.

    Args:
        plan: The `Plan` it was trained by, with where the pictures are now.
        evaluate: `full`, `probes` or `brief`.
        named: Whether the user named the pictures.
        **constants: `alpha` and `t` of the verdict, where they are not to be
            those that the history was measured with.

    Returns:
        The `Run` that the verdict is written to.

    Raises:
        UsageError: if its encoders are missing or damaged, the pictures are
            others and nobody named them, a constant is out of range, or
            another process is using the folder.
    """
    # Checks their ranges.
    dataclasses.replace(plan.config, evaluate=evaluate, **constants)
    run.create()  # tells what cannot be written to before the work
    with held(run.folder):
        architecture, branches = open_trained(plan, run)
        data = read_data(as_trained(plan, run) if named else plan)
        place = elsewhere.place_of(plan, run, data) if named else run
        extent = Extent(evaluate, **constants)
        if place is not run:
            others = elsewhere.beside(place)
            extent = dataclasses.replace(extent, beside=others)
            plan = elsewhere.as_far(plan, run, architecture)
        else:
            check_data(plan.config.data, data.described, [run])
            now = {name: getattr(plan.config, name) for name in PLACE}
            run.write_json("config.json", read_settings(run) | now)
            mend_history(run)
        conclude(plan, place, data, architecture, branches, extent)
        return place
