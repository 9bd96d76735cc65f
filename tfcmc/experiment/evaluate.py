"""The verdict on a run: what is measured of it."""

import dataclasses

import numpy as np

import tfcmc
from tfcmc.data import Split
from tfcmc.data.pictures import Subset, in_batches
from tfcmc.evaluation import verdict
from tfcmc.evaluation.classes import class_sizes, majority
from tfcmc.evaluation.doctor import examine
from tfcmc.evaluation.features import BATCH, Encoded, weights_hash
from tfcmc.evaluation.inputs import Inputs, digest, measure
from tfcmc.evaluation.label_free import MEASURES
from tfcmc.evaluation.probes import EDITION, PROBES, Labelled
from tfcmc.experiment.config import BRIEF
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras, tf
from tfcmc.runs.record import read_history, read_metrics


@dataclasses.dataclass(frozen=True)
class Extent:
    """How much of a run is judged."""

    # `full`; `probes`, of all views together only, and neither figures nor a
    # projector; or `brief`: fewer probes.
    evaluate: str = "full"
    beside: tuple = ()  # `Run`s whose controls may be taken, as siblings' are
    # Exponent of the alignment, sharpness of the uniformity; None for those of
    # the history.
    alpha: float | None = None
    t: float | None = None

    @property
    def full(self):
        """Whether all there is is judged, and drawn."""
        return self.evaluate == "full"

    @property
    def probes(self):
        """Probe name to function."""
        names = BRIEF if self.evaluate == "brief" else PROBES.names()
        return {name: PROBES.lookup(name).function for name in names}

    def constants(self, config) -> dict:
        """Returns alpha and t of the verdict.

        Args:
            config: The `PretrainConfig` that the history was measured by.
        """
        return {
            "alpha": config.alpha if self.alpha is None else self.alpha,
            "t": config.t if self.t is None else self.t,
        }


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What was found of trained branches."""

    numbers: dict  # what `metrics.json` holds
    encoded: Encoded  # the pictures that were judged
    confusions: dict  # probe name to confusion matrix [classes, classes]


def judge(
    plan, run, data, architecture, branches: dict, extent: Extent
) -> Verdict:
    """Judges trained branches, beside untrained ones and raw pixels.

    Args:
        run: The `Run`, whose history and siblings are read.
        branches: Branch name to trained model.
    """
    rows = read_history(run, architecture.views.names)[: architecture.epochs]
    hashes = hashes_of(branches)
    constants = extent.constants(plan.config)
    result = describe(plan, rows, data) | constants
    if not extent.full:
        result["evaluate"] = extent.evaluate
    result |= {"replicas": architecture.replicas, "encoders_sha256": hashes}
    result |= architecture.origin
    reader = architecture.reader(branches)
    inputs = inputs_of(plan, data, architecture.views, reader, extent)
    trained, confusions = measure(inputs)
    result |= trained
    encoded = inputs.judged
    del inputs  # what probes were fitted on takes as much again
    result |= controls(plan, run, data, architecture, extent)
    after = hashes_of(branches)
    if after != hashes:
        raise RuntimeError(
            f"the encoders' weights changed while they were judged: "
            f"{hashes} before, {after} after"
        )
    dim = encoded.embeddings[0].shape[1]
    images = result["sphere"]["images"]
    result["floors"] = verdict.floors(dim, **constants) | {
        name: each.nothing(images) for name, each in MEASURES.items()
    }
    known = architecture.patient(
        branches, len(data.learnt), len(data.held_out.pictures)
    )
    result["findings"] = [
        dataclasses.asdict(finding)
        for finding in examine(rows, known, ended=True)
    ]
    return Verdict(result, encoded, confusions)


def describe(plan, rows: list, data) -> dict:
    """Returns what was judged, and by which versions.

    Args:
        rows: The rows of the run's history.
    """
    config, source = plan.config, data.source
    sizes = {}
    if source.labelled:
        labels = source.probe_train.labels, source.test.labels
        sizes["classes"] = class_sizes(source.class_names, *labels)
        _, sizes["majority_share"] = majority(sizes["classes"])
    return {
        "loss": plan.loss.spec,
        "data": plan.data.spec,
        "seed": config.seed,
        # Those trained: a search may stop before the schedule's end.
        "epochs": rows[-1]["epoch"] if rows else config.epochs,
        "geometry": config.geometry,
        "picture_side": source.pretrain.side,
        "judged_on": data.judged_on,
        **sizes,
        "versions": {
            "tfcmc": tfcmc.__version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
        },
    }


def controls(plan, run, data, architecture, extent: Extent) -> dict:
    """Judges untrained branches and raw pixels.

    Where a run beside this one has judged the same pictures by encoders of
    the same weights, its numbers are taken: they would be the same.

    Args:
        run: The `Run`, whose siblings are read.

    Returns:
        `untrained`, `raw_pixels` or `no_probe`, and the `controls_key` that
        says of what: the hash of all that they were computed from.
    """
    branches, views = architecture.read_branches(), architecture.views
    reader = architecture.reader(branches)
    # What reads pictures is known by its weights and what it makes of some.
    some = inputs_of(plan, _beginning(data), views, reader, extent)
    key = digest(
        tfcmc.__version__,
        EDITION,
        hashes_of(branches),
        some,
        data.described,
        data.judged_on,
    )
    for other in (*run.siblings(), *extent.beside):
        try:
            found = read_metrics(other) or {}
        except UsageError:
            continue  # another's damage is no reason to stop this one
        if found.get("controls_key") == key:
            print(f"untrained encoders and raw pixels as in {other.folder}")
            kept = ("controls_key", "untrained", "raw_pixels", "no_probe")
            return {name: found[name] for name in kept if name in found}
    result = {"controls_key": key}
    untrained = inputs_of(plan, data, views, reader, extent)
    result["untrained"], _ = measure(untrained)
    pixels = raw_pixels(data.source)
    return result | probe_pixels(pixels, data, extent, plan.config.seed)


def _beginning(data):
    """The data with the first pictures only of what is judged."""
    judged, train = map(_first, (data.judged, data.source.probe_train))
    if data.judged is data.source.probe_train:
        judged = train
    source = dataclasses.replace(data.source, probe_train=train)
    return dataclasses.replace(data, source=source, judged=judged)


def _first(split):
    """The first pictures of a part."""
    if split is None:
        return None
    rows = np.arange(min(len(split.pictures), BATCH))
    labels = None if split.labels is None else split.labels[rows]
    return Split(Subset(split.pictures, rows), labels)


def probe_pixels(pixels, data, extent: Extent, seed: int) -> dict:
    """Runs the probes on raw pixels.

    Args:
        pixels: As `raw_pixels` returns them, or None.
        seed: Of the validation part and of the probes.

    Returns:
        `raw_pixels`, or `no_probe` with the reason.
    """
    if pixels is None:
        told = "the data have no labelled train and test part"
        return {"no_probe": told}
    classes = len(data.source.class_names)
    found, _ = verdict.run_probes(extent.probes, *pixels, classes, seed=seed)
    return {"raw_pixels": found}


def hashes_of(branches: dict) -> dict:
    """Returns branch name to the hash of its weights."""
    return {name: weights_hash(each) for name, each in branches.items()}


def inputs_of(plan, data, views, reader, extent: Extent) -> Inputs:
    """Gathers all that the numbers of some branches depend on."""
    train, labels = data.source.probe_train, data.judged.labels
    judged = reader.encode(data.judged.pictures)
    fitted = None
    if data.judged is train:  # by probes fitted on the other folds
        fitted, labels = Labelled(judged, labels), None
    elif data.source.labelled:
        fitted = Labelled(reader.read(train.pictures), train.labels)
    return Inputs(
        names=views.names,
        branches=views.branches,
        judged=judged,
        train=fitted,
        labels=labels if fitted else None,
        classes=len(data.source.class_names),
        probes=extent.probes,
        each_view=extent.full,
        seed=plan.config.seed,
        **extent.constants(plan.config),
    )


def raw_pixels(source):
    """Returns `Labelled` raw pixels as `run_probes` takes both parts.

    None without labels.
    """
    if not source.labelled:
        return None
    train = _cells_of(source.probe_train)
    if source.test is source.probe_train:
        return train, None
    return train, _cells_of(source.test)


def _cells_of(split):
    """The raw pixels of a part, with their labels."""
    batches = map(verdict.raw_pixels, in_batches(split.pictures, 1024))
    return Labelled(np.concatenate(list(batches)), split.labels)
