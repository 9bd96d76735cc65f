"""What is found of a run on other pictures than those it was trained on."""

import dataclasses
import os
import pathlib

from tfcmc.evaluation.inputs import digest
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.recipe import Plan, data_word
from tfcmc.foundation.errors import shown
from tfcmc.runs.folder import Run, make_folder
from tfcmc.runs.identity import data_differences
from tfcmc.runs.record import identity_of, read_history

FOLDER = "elsewhere"  # in that of the run


def place_of(plan: Plan, run: Run, data) -> Run:
    """Finds where to write what is found on a plan's pictures.

    Returns:
        The run itself where they are its own; else a `Run` without a training
        in a folder of the run's, which is made and named after the pictures.
    """
    told = data_differences(data.described, identity_of(run)["data"])
    if not told:
        return run
    print(
        f"  note: {shown(plan.config.data)} is not what {run.folder} was "
        f"trained on: it has {told}"
    )
    name = f"{data_word(plan.data)}-{digest(data.described)[:8]}"
    place = Run(run.folder / FOLDER / name)
    make_folder(place.folder)
    return place


def beside(place: Run) -> tuple:
    """Returns what other runs in the same folder wrote on these pictures."""
    runs = pathlib.Path(os.path.abspath(place.folder)).parents[2]
    found = runs.glob(f"*/{FOLDER}/{place.folder.name}/metrics.json")
    return tuple(Run(path.parent) for path in sorted(found))


def as_far(plan: Plan, run: Run, architecture: Architecture) -> Plan:
    """Makes a plan say how many epochs loaded branches were trained for."""
    rows = read_history(run)[: architecture.epochs]
    epochs = rows[-1]["epoch"] if rows else plan.config.epochs
    config = dataclasses.replace(plan.config, epochs=epochs)
    return dataclasses.replace(plan, config=config)
