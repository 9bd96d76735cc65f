"""Seconds of training until a linear probe reads so much, beside PyTorch.

    python -m benchmarks.accuracy --data=tfds:NAME --data-dir=DIR

The recipe of `benchmarks.throughput`, with the same warm-up and cosine over as
many epochs, on both sides; with --best, tfcmc's own settings of a file
besides. After each epoch the clock stops, the train part is encoded, and the
linear probe judges each fifth of it by the rest: nothing is read off the test
part. PyTorch is the extra [bench]; without it only tfcmc is measured.
"""

import pathlib
import tempfile

import numpy as np

from benchmarks import machine, measuring
from benchmarks.measuring import Case, Option
from benchmarks.throughput import REFERENCE, torch_settings
from tfcmc.cli import command_line
from tfcmc.cli.settings_file import read_settings
from tfcmc.data.pictures import in_batches
from tfcmc.data.validation import carve_validation, folds
from tfcmc.evaluation.probes import PROBES, Labelled
from tfcmc.experiment.config import make_config
from tfcmc.experiment.data import read_source
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import must
from tfcmc.foundation.registry import Number

SHARE = Option(
    (55.0, 58.0),
    "accuracies that are waited for, in percent",
    Number(above=0, at_most=100),
)
PROBED = "accuracies"  # what a child returns beside the `seconds` of epochs


def probed(features, labels) -> float:
    """Returns the accuracy of the linear probe, in percent, over five folds.

    Args:
        features: `[count, dim]`, of both views side by side.
        labels: `[count]`.
    """
    whole = Labelled(np.asarray(features, np.float32), labels)
    probe, right = PROBES.lookup("linear_probe").function, 0
    for rest, part in folds(labels, 0):
        fitted = whole.of(rest)
        parts = map(fitted.of, carve_validation(fitted.labels, 0))
        found = probe(*parts, whole.of(part), seed=0)
        right += np.sum(found["predicted"] == labels[part])
    return 100.0 * right / len(labels)


def seconds_until(wanted: float, seconds, accuracies) -> float | None:
    """Returns when an accuracy was first reached, between epochs by a line.

    Args:
        wanted: In percent.
        seconds: Of training, at the end of each epoch.
        accuracies: In percent, likewise.

    Returns:
        Seconds; None where it never was.
    """
    before = (0.0, None)
    for now, accuracy in zip(seconds, accuracies, strict=True):
        if accuracy >= wanted:
            if before[1] is None:
                return now
            share = (wanted - before[1]) / (accuracy - before[1])
            return before[0] + share * (now - before[0])
        before = now, accuracy
    return None


def cases(given: dict, paths: dict) -> list[Case]:
    """Lists what is measured: ours first."""
    common = {name: str(path) for name, path in paths.items()}
    common["epochs"] = given["epochs"]
    recipe = {"batch_size": given["batch_size"]}
    ours = "benchmarks.tfcmc_accuracy"
    found = [Case("tfcmc", ours, common | {"settings": recipe})]
    if "best" in given:
        name = pathlib.Path(given["best"]).name
        own = read_settings(given["best"])
        found.append(Case(f"tfcmc, {name}", ours, common | {"settings": own}))
    if all(map(measuring.has, REFERENCE)):
        common |= {"batch_size": given["batch_size"]}
        for setting, own in torch_settings(given["threads"]):
            if setting not in given["torch"]:
                continue
            for workers in given["workers"]:
                name = f"PyTorch, workers={workers}, {setting}"
                settings = common | own | {"workers": workers}
                found.append(Case(name, "benchmarks.torch_accuracy", settings))
    return found


def save(given: dict, folder: pathlib.Path) -> dict:
    """Writes pictures and labels for all alike; returns their paths.

    Raises:
        UsageError: if there is no labelled train part.
    """
    names = ("data", "data_dir")
    config = make_config({n: given[n] for n in names if n in given})
    source = read_source(make_plan(config))
    if source.probe_train is None:
        raise must("data", "with a labelled train part", config.data)
    parts = {"pictures": source.pretrain, "train": source.probe_train.pictures}
    found = {}
    for name, pictures in parts.items():
        batches = in_batches(pictures, 1024)
        found[name] = folder / f"{name}.npy"
        np.save(found[name], np.concatenate(list(batches)))
    found["labels"] = folder / "labels.npy"
    np.save(found["labels"], source.probe_train.labels)
    return found


def show(found: dict, wanted) -> str:
    """Writes a row a case: when each accuracy was reached, and the last."""
    rows = []
    for name, rounds in found.items():
        row = [name]
        for accuracy in wanted:
            reached = [
                seconds_until(accuracy, each["seconds"], each[PROBED])
                for each in rounds
            ]
            row.append(_reached(reached))
        last = [{"last": each[PROBED][-1]} for each in rounds]
        row.append(measuring.spread(measuring.summary(last, "last"), ".1f"))
        ends = [{"end": each["seconds"][-1]} for each in rounds]
        row.append(measuring.spread(measuring.summary(ends, "end"), ".0f"))
        rows.append(row)
    head = ["seconds of training to", *(f"{each:g} %" for each in wanted)]
    return measuring.table([*head, "at the end, %", "seconds in all"], rows)


def _reached(seconds):
    known = [{"at": each} for each in seconds if each is not None]
    if len(known) < len(seconds):
        return f"{len(known)} of {len(seconds)} reached it"
    return measuring.spread(measuring.summary(known, "at"), ".0f")


def _add_words(parser):
    command_line.add_data(parser, "spec of pictures to train on")
    parser.add_argument(
        "--best", metavar="FILE", help="settings of tfcmc's own, besides"
    )
    parser.add_argument(
        "--torch",
        nargs="*",
        default=["1 thread, channels_last"],
        metavar="WORDS",
        help="PyTorch's settings, as benchmarks.throughput names them "
        "(default: '1 thread, channels_last', its fastest)",
    )


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = measuring.read(
        "benchmarks.accuracy",
        __doc__,
        argv,
        _add_words,
        rounds=measuring.ROUNDS,
        threads=measuring.THREADS,
        epochs=Option(20, "passes over the pictures"),
        batch_size=measuring.BATCH,
        reached=SHARE,
        workers=Option(
            (1,), "of PyTorch's DataLoader", Number(at_least=0, whole=True)
        ),
    )
    if "data" not in given:
        raise must("data", "given: random pictures have no classes", None)
    print(machine.describe(given["threads"]))
    with tempfile.TemporaryDirectory() as folder:
        listed = cases(given, save(given, pathlib.Path(folder)))
        found = measuring.in_turns(
            {case.name: case for case in listed},
            rounds=given["rounds"],
            threads=given["threads"],
        )
    print(show(found, given["reached"]))


if __name__ == "__main__":
    command_line.run(main)
