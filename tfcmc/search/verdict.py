"""The winner of a search and the loss's defaults on the test part, once.

Trials are chosen on the validation part. The test part is read here and
nowhere else in a search, for two pairs of encoders.
"""

import pathlib

from tfcmc.evaluation.inputs import measure
from tfcmc.evaluation.intervals import difference_interval, share_interval
from tfcmc.experiment.artifacts import judged_pictures
from tfcmc.experiment.evaluate import Extent, hashes_of, inputs_of
from tfcmc.experiment.ownership import check_data
from tfcmc.experiment.pretrain import probe_functions
from tfcmc.experiment.recipe import stored_plan
from tfcmc.experiment.stage import Stage, load, load_encoders
from tfcmc.search.records import place_of, trial_folder

PROBES = ("linear_probe", "knn")


def judge_winner(folder, search, trial):
    """Judges the encoders of a trial, and of the defaults, on the test part.

    Args:
        folder: Path of the search.
        search: The `Search`, which says where the pictures are.
        trial: The `Trial` that won.

    Returns:
        What `verdict.json` holds but for what was judged before.

    Raises:
        UsageError: if encoders are missing or damaged, or the data are gone
            or others.
    """
    folders = {
        "winner": trial_folder(folder, trial.number),
        "default": pathlib.Path(folder) / "default",
    }
    changes = place_of(search) | {"judge_on": "test"}
    plans = {
        name: stored_plan(path, **changes) for name, path in folders.items()
    }
    plan = plans["default"][0]
    source, data = load(plan)
    check_data(plan.config.data, data, [run for _, run in plans.values()])
    judged = {
        name: judge_run(plan, run, source)
        for name, (plan, run) in plans.items()
    }
    result = {
        "trial": trial.number,
        "values": trial.values,
        "judged_on": "held-out" if source.test is None else "test",
        **judged,
    }
    if source.labelled:
        result["difference"] = difference(
            *(judged[name]["linear_probe"]["accuracy"] for name in folders),
            len(source.test.labels),
        )
    return result


def judge_run(plan, run, source):
    """Judges the encoders of a run by fewer probes, and writes nothing.

    Args:
        plan: The `Plan` it was trained by, judged on test.
        run: The `Run`.
        source: The `Source`.

    Returns:
        Name to number or dict, as in `metrics.json`; with the interval of
        each accuracy.
    """
    encoders = load_encoders(plan, run)
    stage = Stage(plan, source.pretrain.side)
    extent = Extent(probe_functions(PROBES), each_view=False)
    pictures = judged_pictures(plan, source)
    found, _ = measure(
        inputs_of(plan, source, stage, encoders, pictures, extent)
    )
    for name in PROBES:
        if name in found:
            accuracy = found[name]["accuracy"]
            found[name]["interval"] = share_interval(accuracy, len(pictures))
    names = stage.views.names
    return {
        "loss": plan.loss.spec,
        "encoders_sha256": hashes_of(names, encoders),
        **found,
    }


def difference(winner, default, count):
    """Says by how much the winner's accuracy is above the defaults'.

    Args:
        winner: In [0, 1].
        default: In [0, 1].
        count: Number of test pictures.

    Returns:
        `linear_probe`, its 95 % `interval` over the choice of test pictures,
        and whether that is `within_noise`: whether the interval holds 0.
    """
    low, high = difference_interval(winner, default, count)
    return {
        "linear_probe": winner - default,
        "interval": (low, high),
        "within_noise": low <= 0 <= high,
    }
