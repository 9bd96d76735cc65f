"""All that the numbers of a pair of encoders depend on, in one record.

`measure` sees nothing else, so that equal inputs have equal numbers: what is
measured already can be taken by the inputs' hash, whatever settings made them.
"""

import dataclasses
import functools
import hashlib

import numpy as np

from tfcmc.evaluation import label_free, verdict
from tfcmc.evaluation.features import Encoded
from tfcmc.evaluation.probes import Labelled
from tfcmc.foundation.threads import together


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What encoders made of the pictures, and what is asked of it."""

    names: tuple  # the name of each view
    branches: tuple  # the name of each branch
    judged: Encoded  # pictures to judge on
    # To fit probes on, its features `Encoded`; None without a probe.
    train: Labelled | None
    # [count], of the judged pictures; None without a probe, or where those
    # that it is fitted on are judged, a fold at a time.
    labels: np.ndarray | None
    classes: int  # how many there are
    probes: dict  # probe name to function
    each_view: bool  # whether probes also read each branch alone
    seed: int  # of the validation part and of the probes
    alpha: float  # exponent of the alignment
    t: float  # sharpness of the uniformity


def measure(inputs: Inputs) -> tuple:
    """Runs all metrics and probes on one pair of encoders.

    Returns:
        `(numbers, confusions)`: `sphere` of a draw of `SPHERE_COUNT`
        pictures, with its `alignment` and `uniformity` beside it,
        `sphere_all` of all of them, and each probe's numbers; and probe name
        to its confusion matrix.
    """
    drawn = verdict.sample_rows(len(inputs.judged), verdict.SPHERE_COUNT)
    sphere = functools.partial(
        verdict.sphere,
        inputs.names,
        alpha=inputs.alpha,
        t=inputs.t,
        intervals=True,
    )
    few_of = inputs.judged.take(drawn)
    (probed, confusions), every, few, without_labels = together(
        functools.partial(_probe, inputs),
        functools.partial(sphere, inputs.judged),
        functools.partial(sphere, few_of),
        functools.partial(label_free.measure, few_of),
        needs=() if inputs.train is None else ("sklearn.neural_network",),
    )
    numbers = {
        name: few[name] for name in ("alignment", "uniformity") if name in few
    } | {"sphere": few | without_labels, "sphere_all": every}
    return numbers | probed, confusions


def _probe(inputs):
    if inputs.train is None:
        return {}, {}
    return verdict.probe_views(
        inputs.probes,
        inputs.branches if inputs.each_view else (),
        inputs.train,
        Labelled(inputs.judged, inputs.labels)
        if inputs.labels is not None
        else None,
        inputs.classes,
        seed=inputs.seed,
    )


def digest(*values) -> str:
    """Hashes values of any depth: records, tables, arrays, functions.

    Args:
        *values: Records of the kind of `Inputs`, and what they hold.

    Returns:
        Their SHA-256, as hexadecimal text.

    Raises:
        TypeError: of a value whose text may not tell all of it.
    """
    sha256 = hashlib.sha256()
    for part in _parts(values):
        sha256.update(part)
    return sha256.hexdigest()


def _parts(value):
    """Yields bytes that differ where values do."""
    if isinstance(value, np.ndarray):
        yield f"{value.dtype}{value.shape}".encode()
        yield np.ascontiguousarray(value).data
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _parts((field.name, getattr(value, field.name)))
    elif isinstance(value, dict):
        yield from _parts(tuple(sorted(value.items())))
    elif isinstance(value, tuple | list):
        yield f"{len(value)} of {type(value).__name__}".encode()
        for inner in value:
            yield from _parts(inner)
    elif isinstance(value, functools.partial):
        yield from _parts((value.func, value.args, value.keywords))
    elif callable(value):
        yield f"{value.__module__}.{value.__qualname__}\0".encode()
    elif value is None or isinstance(value, str | int | float):
        yield f"{value!r}\0".encode()
    else:
        raise TypeError(f"{type(value).__name__} has no digest")
