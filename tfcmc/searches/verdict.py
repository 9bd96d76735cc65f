"""The winner of a search and the loss's defaults on the test part, once.

Trials are chosen on the validation part. The test part is read here and
nowhere else in a search, for two pairs of encoders.
"""

from tfcmc.evaluation.inputs import measure
from tfcmc.evaluation.intervals import difference_interval, share_interval
from tfcmc.experiment.architecture import open_trained
from tfcmc.experiment.data import read_data
from tfcmc.experiment.evaluate import Extent, hashes_of, inputs_of
from tfcmc.experiment.ownership import check_data
from tfcmc.experiment.recipe import stored_plan
from tfcmc.foundation.lazy import settled
from tfcmc.searches.ranking import Results
from tfcmc.searches.records import PROBES, place_of, trial_folder


@settled()
def judge_winner(results: Results) -> dict:
    """Judges the encoders of the best trial, and of the defaults.

    Returns:
        What `verdict.json` holds but for what was judged before.

    Raises:
        UsageError: if encoders are missing or damaged, or the data are gone
            or others.
    """
    folders = {
        "winner": trial_folder(results.folder, results.best.number),
        "default": results.folder / "default",
    }
    changes = place_of(results.search) | {"judge_on": "test"}
    plans = {
        name: stored_plan(path, **changes) for name, path in folders.items()
    }
    plan = plans["default"][0]
    data = read_data(plan)
    runs = [run for _, run in plans.values()]
    check_data(plan.config.data, data.described, runs)
    epochs = {"winner": results.best.epochs, "default": results.default.epochs}
    judged = {
        name: _judge(plan, run, data) | {"epochs": epochs[name]}
        for name, (plan, run) in plans.items()
    }
    result = {
        "trial": results.best.number,
        "values": results.best.values,
        "judged_on": data.judged_on,
        **judged,
    }
    if data.source.labelled:
        result["difference"] = difference(
            *(judged[name]["linear_probe"]["accuracy"] for name in folders),
            len(data.judged.labels),
        )
    return result


def _judge(plan, run, data):
    """Judges the encoders of a run by fewer probes, and writes nothing."""
    architecture, branches = open_trained(plan, run)
    brief = Extent("brief")
    views, reader = architecture.views, architecture.reader(branches)
    found, _ = measure(inputs_of(plan, data, views, reader, brief))
    for name in found.keys() & set(PROBES):
        accuracy = found[name]["accuracy"]
        count = len(data.judged.pictures)
        found[name]["interval"] = share_interval(accuracy, count)
    return {
        "loss": plan.loss.spec,
        "encoders_sha256": hashes_of(branches),
        **found,
    }


def difference(winner: float, default: float, count: int) -> dict:
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
