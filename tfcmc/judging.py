"""The verdict on a run: measured, drawn, written down and printed.

Like `plan.py` it stands at the seam: it reads a plan, and hands plain
arguments down.
"""

import dataclasses
import hashlib
import json

import numpy as np

import tfcmc
from tfcmc import showing
from tfcmc.checks import UsageError
from tfcmc.data.pictures import in_batches
from tfcmc.doctor import examine
from tfcmc.evaluation import verdict
from tfcmc.evaluation.features import encode, weights_hash
from tfcmc.lazy import keras, tf
from tfcmc.probes import Labelled
from tfcmc.stage import hold_out, patient
from tfcmc.stored import read_history, read_metrics
from tfcmc.summary import verdict_text


@dataclasses.dataclass(frozen=True)
class Extent:
    """How much of a run is judged.

    Attributes:
        probes: Probe name to function.
        each_view: Whether probes also read each view alone.
        figures: Whether figures are drawn.
        beside: `Run`s whose controls may be taken, as those of siblings are.
    """

    probes: dict
    each_view: bool = True
    figures: bool = True
    beside: tuple = ()


def judge(plan, run, source, stage, encoders, extent):
    """Judges encoders, beside untrained ones and raw pixels.

    Args:
        plan: A `Plan`.
        run: The `Run` to write to.
        source: A `Source`.
        stage: The `Stage`.
        encoders: One trained encoder a view.
        extent: An `Extent`.

    Returns:
        What `metrics.json` holds.
    """
    names = stage.views.names
    rows = read_history(run, names)
    hashes = hashes_of(names, encoders)
    print("judging the frozen features")
    learnt_from, held_out = hold_out(source, plan.config.seed)
    judged = showing.judged_pictures(plan, source)
    result = describe(plan, rows, source)
    result["encoders_sha256"] = hashes
    trained, encoded = measure(plan, source, stage, encoders, judged, extent)
    result |= trained
    result |= controls(plan, run, source, stage, judged, extent)
    after = hashes_of(names, encoders)
    if after != hashes:
        raise RuntimeError(
            f"the encoders' weights changed while they were judged: "
            f"{hashes} before, {after} after"
        )
    constants = {"alpha": plan.config.alpha, "t": plan.config.t}
    dim = encoded.embeddings[0].shape[1]
    result["floors"] = verdict.floors(dim, **constants)
    known = patient(
        plan, stage, encoders, len(learnt_from), len(held_out.pictures)
    )
    result["findings"] = [
        dataclasses.asdict(finding)
        for finding in examine(rows, known, ended=True)
    ]
    drawn = None
    if extent.figures:
        drawn = showing.draw(plan, run, source, encoded, result)
    showing.show(plan, run, source, encoded, result, drawn)
    run.write_json("metrics.json", result)
    print(verdict_text(result, names))
    print(f"everything is in {run.folder}")
    return result


def describe(plan, rows, source):
    """Returns what was judged, and by which versions.

    Args:
        plan: A `Plan`.
        rows: The rows of the run's history.
        source: A `Source`.
    """
    config = plan.config
    judged_on = "held-out" if source.test is None else config.judge_on
    return {
        "loss": plan.loss.spec,
        "data": plan.data.spec,
        "seed": config.seed,
        # Those trained: a search may stop before the schedule's end.
        "epochs": rows[-1]["epoch"] if rows else config.epochs,
        "geometry": config.geometry,
        "alpha": config.alpha,
        "t": config.t,
        "judged_on": judged_on,
        "versions": {
            "tfcmc": tfcmc.__version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
        },
    }


def controls(plan, run, source, stage, judged, extent):
    """Judges untrained encoders and raw pixels.

    Where a run beside this one has judged the same untrained encoders on the
    same pictures, its numbers are taken: they would be the same.

    Args:
        plan: A `Plan`.
        run: The `Run` to write to.
        source: A `Source`.
        stage: The `Stage`.
        judged: Pictures.
        extent: An `Extent`.

    Returns:
        `untrained`, `raw_pixels` or `no_probe`, and the `controls_key` that
        says of what.
    """
    untrained = stage.encoders()
    key = controls_key(plan, source, stage, untrained, judged, extent)
    for other in (*run.siblings(), *extent.beside):
        try:
            found = read_metrics(other) or {}
        except UsageError:
            continue  # another's damage is no reason to stop this one
        if found.get("controls_key") == key:
            print(f"untrained encoders and raw pixels as in {other.folder}")
            kept = ("untrained", "raw_pixels", "no_probe", "controls_key")
            return {name: found[name] for name in kept if name in found}
    result = {"controls_key": key}
    result["untrained"], _ = measure(
        plan, source, stage, untrained, judged, extent
    )
    if source.labelled:
        result["raw_pixels"] = probe_raw_pixels(plan, source, extent.probes)
    else:
        result["no_probe"] = "the data have no labelled train and test part"
    return result


def controls_key(plan, source, stage, untrained, judged, extent):
    """Returns a hash of all that the numbers of the controls depend on."""
    digest = hashlib.sha256()
    what = [
        tfcmc.__version__,
        plan.config.seed,
        plan.config.alpha,
        plan.config.t,
        plan.crop.spec,
        hashes_of(stage.views.names, untrained),
        sorted(extent.probes),
        extent.each_view,
    ]
    digest.update(json.dumps(what).encode())
    parts = [(judged, None)]
    if source.labelled:
        parts = [
            (split.pictures, split.labels)
            for split in (source.probe_train, source.test)
        ]
    for pictures, labels in parts:
        for batch in in_batches(pictures, 1024):
            digest.update(str(batch.shape).encode())
            digest.update(np.ascontiguousarray(batch))
        if labels is not None:
            digest.update(np.ascontiguousarray(labels))
    return digest.hexdigest()


def hashes_of(names, encoders):
    """Returns view name to the hash of its encoder's weights."""
    return dict(zip(names, map(weights_hash, encoders), strict=True))


def measure(plan, source, stage, encoders, judged, extent):
    """Runs all metrics and probes on one pair of encoders.

    Returns:
        `(numbers, encoded)`; `encoded` are the pictures of `judged`.
    """
    names = stage.views.names
    read = stage.reader(encoders)
    encoded = encode(read, judged)
    constants = {"alpha": plan.config.alpha, "t": plan.config.t}
    few = encoded.first(verdict.SPHERE_COUNT)
    few = verdict.sphere(names, few, **constants)
    numbers = {
        "alignment": few["alignment"],
        "uniformity": few["uniformity"],
        "sphere": few,
        "sphere_all": verdict.sphere(
            names, encoded, intervals=True, **constants
        ),
    }
    if source.labelled:
        numbers |= verdict.probe_views(
            extent.probes,
            names if extent.each_view else (),
            encode(read, source.probe_train.pictures),
            source.probe_train.labels,
            encoded,
            source.test.labels,
            plan.config.seed,
        )
    return numbers, encoded


def probe_raw_pixels(plan, source, probes):
    """Runs every probe on raw pixels."""
    parts = [
        Labelled(
            np.concatenate(
                [
                    verdict.raw_pixels(batch)
                    for batch in in_batches(split.pictures, 1024)
                ]
            ),
            split.labels,
        )
        for split in (source.probe_train, source.test)
    ]
    return verdict.run_probes(probes, *parts, seed=plan.config.seed)
