"""Whole experiments: where names, settings, files and mathematics meet."""

import contextlib
import dataclasses
import os
import tempfile

from tfcmc.checks import UsageError
from tfcmc.files import whole
from tfcmc.judging import Extent, judge
from tfcmc.locks import held
from tfcmc.plan import open_run
from tfcmc.probes import PROBES
from tfcmc.runs import Run
from tfcmc.stage import Stage, hold_out, load, load_encoders
from tfcmc.stored import read_replicas
from tfcmc.strategies import check_batch_size, is_chief, make_strategy
from tfcmc.training import train


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
        source = load(plan)
        pictures, held_out = hold_out(source, config.seed)
        if config.batch_size > len(pictures):
            raise UsageError(
                f"`batch-size` must be at most the number of pictures to "
                f"learn from, {len(pictures):,}. Received: {config.batch_size}"
            )
        run.write_json("config.json", dataclasses.asdict(config))
        stage = Stage(plan, pictures.side, strategy.num_replicas_in_sync)
        with strategy.scope():
            encoders = stage.encoders()
        until = min(until or config.epochs, config.epochs)
        train(plan, run, stage, encoders, pictures, held_out, strategy, until)
        save(run, stage.views.names, encoders)
        if is_chief(strategy):
            extent = extent or Extent(probe_functions())
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


def save(run, names, encoders):
    """Saves one encoder a view, each whole or not at all."""
    for name, encoder in zip(names, encoders, strict=True):
        with whole(run.encoders / f"{name}.keras") as aside:
            encoder.save(aside)


def evaluate(plan, run):
    """Judges the encoders of a run folder again.

    Args:
        plan: The `Plan` it was trained by.
        run: Its `Run`.

    Returns:
        What `metrics.json` holds.

    Raises:
        UsageError: if its encoders are missing or damaged, or another process
            is using the folder.
    """
    with held(run.folder):
        encoders = load_encoders(plan, run)
        source = load(plan)
        stage = Stage(plan, source.pretrain.side, read_replicas(run))
        extent = Extent(probe_functions())
        return judge(plan, run, source, stage, encoders, extent)


def probe_functions(names=None):
    """Returns probes by their names; every registered one if none is given."""
    names = names or PROBES.names()
    return {name: PROBES.lookup(name).function for name in names}
