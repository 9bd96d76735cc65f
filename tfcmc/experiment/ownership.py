"""Whose a run folder is, and whether pictures are those that it had."""

import contextlib
import dataclasses

from tfcmc.encoders import strange_encoder
from tfcmc.foundation.errors import UsageError, shown
from tfcmc.runs.identity import NAME as IDENTITY_FILE
from tfcmc.runs.identity import (
    another_experiment,
    data_differences,
    differences,
    restarting,
)
from tfcmc.runs.record import read_identity
from tfcmc.training.checkpoints import Checkpoint, Checkpoints


def claim(run, names: tuple, identity: dict) -> Checkpoint:
    """Writes down whose a run folder is, if it is nobody else's.

    Args:
        names: The name of each view.
        identity: That of the training, as `tfcmc.runs.identity` says.

    Returns:
        The `Checkpoint` to go on from, with that identity and the restarts
        of its schedule: the last, or one before the first step, without
        arrays.

    Raises:
        UsageError: if its record, its last checkpoint or its encoders are
            another experiment's.
    """
    saved = _last(run, identity)  # tells another version first
    known = read_identity(run)
    if known and (told := differences(known, identity)):
        raise another_experiment(run.folder, told)
    for name in names:
        path = run.encoders / f"{name}.keras"
        if told := strange_encoder(path, identity):
            raise another_experiment(path, told)
    run.write_json(IDENTITY_FILE, saved.state["identity"])
    return saved


def _last(run, identity):
    """Returns the last checkpoint, if it is of this training."""
    saved = Checkpoints(run.checkpoints).latest()
    if saved is None:
        saved = Checkpoint(0, {}, {"rows": [], "seconds": 0.0})
    elif told := differences(saved.state["identity"], identity):
        raise another_experiment(run.checkpoints, told)
    identity = identity | _restarts(saved, identity)
    state = saved.state | {"identity": identity}
    return dataclasses.replace(saved, state=state)


def _restarts(saved, identity):
    """Notes where schedules begin anew, if the training is a longer one."""
    before = saved.state.get("identity")
    if before is None:
        return {}
    restarts = before.get("restarts", [])
    both = (each["settings"] for each in (before, identity))
    old, new = (settings["epochs"] for settings in both)
    if saved.step and new > old and restarting(identity["settings"]):
        restarts = [*restarts, saved.step]
    return {"restarts": restarts} if restarts else {}


def mend_history(run) -> None:
    """Writes the history of a run anew, as its last checkpoint has it.

    Nothing is done where no checkpoint is sound and the run's own.
    """
    with contextlib.suppress(UsageError):
        saved = _last(run, read_identity(run))
        if saved.step:
            run.write_history(saved.state["rows"])


def check_data(spec: str, data: dict, runs) -> None:
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
