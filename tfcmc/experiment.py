"""Whole experiments: where names, settings, files and mathematics meet."""

import contextlib
import dataclasses
import os
import tempfile

from tfcmc.checks import UsageError, shown
from tfcmc.data.digest import describe_data
from tfcmc.encoders import save_encoder, strange_encoder
from tfcmc.identity import NAME as IDENTITY_FILE
from tfcmc.identity import (
    PLACE,
    data_differences,
    differences,
    make_identity,
)
from tfcmc.judging import Extent, judge
from tfcmc.locks import held
from tfcmc.plan import another_experiment, open_run
from tfcmc.probes import PROBES
from tfcmc.runs import Run
from tfcmc.stage import Stage, hold_out, load, load_encoders, read_source
from tfcmc.stored import identity_of, read_identity, read_settings
from tfcmc.strategies import (
    check_batch_size,
    check_same_everywhere,
    is_chief,
    make_strategy,
)
from tfcmc.training import begin, train


def pretrain(plan, *, until=None, extent=None):
    """Trains two encoders and judges them; goes on where a run stopped.

    Args:
        plan: A `Plan`.
        until: The epoch to stop after, of those that the schedule spans; None
            for the last.
        extent: The `Extent` to judge in; None for all there is.

    Returns:
        What `metrics.json` holds; None on a machine that is not the chief.

    Raises:
        UsageError: if the data do not do, or the folder is another run's, or
            in use.
        Interrupted: if it was told to stop.
        NotFinite: if the loss is no number any more.
        Collapsed: if the embeddings collapse and the config says to stop.
    """
    config = plan.config
    run = open_run(plan)
    strategy = make_strategy(config.strategy)
    check_batch_size(strategy, config.batch_size)
    with own_folder(run, is_chief(strategy)) as run:
        source, data = load(plan)
        pictures, held_out = hold_out(source, config.seed)
        if config.batch_size > len(pictures):
            raise UsageError(
                f"`batch-size` must be at most the number of pictures to "
                f"learn from, {len(pictures):,}. Received: {config.batch_size}"
            )
        extent = extent or Extent(probe_functions())
        check_data(config.data, data, extent.beside)
        check_same_everywhere(strategy, data)
        replicas = strategy.num_replicas_in_sync
        identity = make_identity(dataclasses.asdict(config), data, replicas)
        stage = Stage(plan, pictures.side, replicas)
        saved = claim(run, stage.views.names, identity)
        run.write_json("config.json", dataclasses.asdict(config))
        with strategy.scope():
            encoders = stage.encoders()
        until = min(until or config.epochs, config.epochs)
        train(
            plan,
            run,
            stage,
            encoders,
            pictures,
            held_out,
            strategy,
            until,
            saved,
        )
        save(run, stage.views.names, encoders, identity)
        if is_chief(strategy):
            return judge(plan, run, source, stage, encoders, extent)
        return None


@contextlib.contextmanager
def own_folder(run, chief):
    """Gives the run folder to the chief, and others one that passes away.

    All machines do the same, measure and stop alike; what the others write
    and print is of no use.

    Args:
        run: The `Run`.
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
def alone_in(run):
    """Makes a run folder and holds it; leaves none where nothing came of it.

    Args:
        run: The `Run`.

    Raises:
        UsageError: if another process is using the folder.
    """
    new = not run.folder.exists()
    run.create()
    try:
        with held(run.folder):
            yield
    finally:
        if new:
            run.remove_empty()


def claim(run, names, identity):
    """Writes down whose a run folder is, if it is nobody else's.

    Args:
        run: The `Run`.
        names: The name of each view.
        identity: That of the training, as `tfcmc.identity` says.

    Returns:
        The `Checkpoint` to go on from, as `begin` returns it.

    Raises:
        UsageError: if its record, its last checkpoint or its encoders are
            another experiment's.
    """
    known = read_identity(run)
    if known and (told := differences(known, identity)):
        raise another_experiment(run.folder, told)
    saved = begin(run, identity)
    for name in names:
        path = run.encoders / f"{name}.keras"
        if told := strange_encoder(path, identity):
            raise another_experiment(path, told)
    run.write_json(IDENTITY_FILE, identity)
    return saved


def check_data(spec, data, runs):
    """Checks that runs had these very pictures.

    Args:
        spec: Where the pictures are.
        data: What `describe_data` said of them.
        runs: `Run`s; those that have not begun do not count.

    Raises:
        UsageError: if one had others.
    """
    for run in runs:
        known = read_identity(run)
        if known and (told := data_differences(data, known["data"])):
            raise UsageError(
                f"`data` must be the pictures that {run.folder} was trained "
                f"on. Received: {shown(spec)}, which has {told}"
            )


def check_same_data(plan, runs):
    """Reads the plan's data, and checks that runs had these very pictures.

    Args:
        plan: A `Plan`.
        runs: `Run`s; those that have not begun do not count.

    Raises:
        UsageError: if one had others, or they cannot be read.
    """
    check_data(plan.config.data, describe_data(read_source(plan)), runs)


def save(run, names, encoders, identity):
    """Saves one encoder a view, each whole or not at all."""
    for name, encoder in zip(names, encoders, strict=True):
        save_encoder(run.encoders / f"{name}.keras", encoder, identity)


def evaluate(plan, run):
    """Judges the encoders of a run folder again.

    Where the pictures are is noted in its `config.json`.

    Args:
        plan: The `Plan` it was trained by, with where the pictures are now.
        run: Its `Run`.

    Returns:
        What `metrics.json` holds.

    Raises:
        UsageError: if its encoders are missing or damaged, the pictures are
            others, or another process is using the folder.
    """
    with held(run.folder):
        encoders = load_encoders(plan, run)
        source, data = load(plan)
        check_data(plan.config.data, data, [run])
        place = {name: getattr(plan.config, name) for name in PLACE}
        run.write_json("config.json", read_settings(run) | place)
        replicas = identity_of(run)["replicas"]
        stage = Stage(plan, source.pretrain.side, replicas)
        extent = Extent(probe_functions())
        return judge(plan, run, source, stage, encoders, extent)


def probe_functions(names=None):
    """Returns probes by their names; every registered one if none is given."""
    names = names or PROBES.names()
    return {name: PROBES.lookup(name).function for name in names}
