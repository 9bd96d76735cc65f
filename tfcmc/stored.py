"""What a run folder holds, read back: whole and of the form it was written in.

Disks fail, copies are cut short and files are edited by hand. What is read
for a verdict, a table or a figure is checked here first, and the file named.
"""

import math
import os
import zipfile

import numpy as np

from tfcmc.checks import UsageError, is_number, reason_of

SETTINGS = {"loss": str, "data": str, "seed": int, "epochs": int}
# A name that ends in ? may be missing.
PROBES = {
    f"{name}?": {"accuracy": float}
    for name in ("linear_probe", "mlp_head", "knn", "plain_head")
}
SPHERE = {
    "images": int,
    "alignment": float,
    "uniformity": float,
    "effective_rank": float,
}
METRICS = {
    **SETTINGS,
    **PROBES,
    "raw_pixels?": PROBES,
    "alignment": float,
    "uniformity": float,
    "sphere": SPHERE,
    "untrained": {
        "alignment": float,
        "uniformity": float,
        "sphere": SPHERE,
        **PROBES,
    },
    "floors": {
        "uniformity_uniform_sphere": float,
        "uniformity_one_point": float,
        "alignment_unrelated_views": float,
    },
    "findings": [
        {
            "epoch": int,
            "until": int,
            "words": str,
            "advice": str,
            "collapse": bool,
        }
    ],
    "versions": dict,
    "controls_key": str,
    "judged_on": str,
}
COLUMNS = ("epoch", "seconds", "loss", "alignment", "uniformity")
COLUMNS += ("effective_rank",)
MOST_BYTES = 2**30  # of embedded.npz: a thousand pictures are some megabytes


def read_settings(run):
    """Reads the settings of a run.

    Args:
        run: A `Run`.

    Returns:
        Setting name to value, or None where there is no `config.json`.

    Raises:
        UsageError: if the file is damaged.
    """
    return _read(run, "config.json", SETTINGS)


def read_metrics(run):
    """Reads the verdict on a run.

    Args:
        run: A `Run`.

    Returns:
        What `judge` wrote, or None where there is no `metrics.json`.

    Raises:
        UsageError: if the file is damaged.
    """
    found = _read(run, "metrics.json", METRICS)
    for where, number in _numbers(found or {}):
        share = where.endswith("accuracy")
        if not math.isfinite(number) or (share and not 0 <= number <= 1):
            raise _damaged(run, "metrics.json", f"{where} is {number}")
    return found


def read_picture_side(run):
    """Reads the side of a run's pictures off its verdict.

    Args:
        run: A `Run`.

    Returns:
        Pixels, or None where the verdict is not there or does not note it.

    Raises:
        UsageError: if the file is damaged.
    """
    return _read_count(run, "picture_side", None)


def read_replicas(run):
    """Reads on how many replicas a run was trained off its verdict.

    Args:
        run: A `Run`.

    Returns:
        Their number; 1 where the verdict is not there.

    Raises:
        UsageError: if the file is damaged.
    """
    return _read_count(run, "replicas", 1)


def read_history(run, names=()):
    """Reads the rows of a run's history.

    Args:
        run: A `Run`.
        names: The name of each view that the rows must have columns of.

    Returns:
        Dicts of column to number, one an epoch; none without a history.

    Raises:
        UsageError: if the file is damaged.
    """
    name = "history.csv"
    _check_regular(run, name)
    try:
        rows = run.read_history()
        whole = (run.folder / name).read_bytes().endswith(b"\n")
    except FileNotFoundError:
        return []
    except Exception as error:
        # Text that is no number, too few of them, or no text at all.
        raise _damaged(run, name, error) from None
    if not whole:
        raise _damaged(run, name, "it does not end with a whole line")
    columns = (*COLUMNS, *(f"uniformity_{view}" for view in names))
    for number, row in enumerate(rows, start=1):
        if missing := [column for column in columns if column not in row]:
            raise _damaged(run, name, f"it lacks {', '.join(missing)}")
        if row["epoch"] != number or row["alignment"] < 0:
            raise _damaged(run, name, f"line {number + 1}")
    return rows


def read_embedded(run, names):
    """Reads the vectors of a run's first judged pictures.

    Args:
        run: A `Run`.
        names: The name of each view.

    Returns:
        Name to array: `features_NAME` and `embeddings_NAME` of each view,
        `labels` with `class_names` where there are any, and the map `tsne`
        with `tsne_trustworthiness` where it was drawn.

    Raises:
        UsageError: if the file is missing or damaged.
    """
    name = "embedded.npz"
    _check_regular(run, name)
    try:
        with zipfile.ZipFile(run.folder / name) as file:
            size = sum(member.file_size for member in file.infolist())
        if size > MOST_BYTES:
            raise ValueError(f"{size} bytes of arrays")
        arrays = run.read_arrays(name)
        _check_vectors(arrays, names)
    except UsageError:
        raise
    except KeyError as error:
        raise _damaged(run, name, f"without {error.args[0]}") from None
    except Exception as error:
        # A damaged file fails as zip, a decompressor or NumPy sees it.
        raise _damaged(run, name, error) from None
    return arrays


def _check_vectors(arrays, names):
    kinds = [
        f"{kind}_{n}" for kind in ("features", "embeddings") for n in names
    ]
    count = len(arrays[kinds[0]])
    for kind in kinds:
        array = arrays[kind]
        if array.ndim != 2 or len(array) != count or array.dtype.kind != "f":
            raise ValueError(f"{kind} {list(array.shape)} of {array.dtype}")
        if not np.all(np.isfinite(array)):
            raise ValueError(f"{kind} has numbers that are not finite")
    if "labels" in arrays:
        labels, classes = arrays["labels"], len(arrays["class_names"])
        whole = labels.shape == (count,) and labels.dtype.kind == "i"
        if not whole or labels.min() < 0 or labels.max() >= classes:
            raise ValueError("labels that are none of its pictures")
    if "tsne" in arrays:
        points = arrays["tsne"]
        trust = float(arrays["tsne_trustworthiness"])
        if points.shape != (count, 2) or not np.all(np.isfinite(points)):
            raise ValueError(f"tsne {list(points.shape)}")
        if not 0 <= trust <= 1:
            raise ValueError(f"tsne_trustworthiness is {trust}")


def _read(run, name, form):
    _check_regular(run, name)
    try:
        found = run.read_json(name)
    except RecursionError as error:
        raise _damaged(run, name, error) from None
    if found is not None and (misfit := _misfit(found, form)):
        raise _damaged(run, name, misfit)
    return found


def _read_count(run, name, missing):
    """Reads a whole number from 1 off a verdict of any other content."""
    found = _read(run, "metrics.json", {}) or {}
    count = found.get(name, missing)
    if count is not missing and (_misfit(count, int) or count < 1):
        raise _damaged(run, "metrics.json", f"{name} is {count!r}")
    return count


def _check_regular(run, name):
    # A pipe of that name would be waited for without end.
    path = run.folder / name
    if os.path.exists(path) and not os.path.isfile(path):
        raise _damaged(run, name, "not a regular file")


def _damaged(run, name, why):
    return UsageError(
        f"`{name}` must be whole, as a run wrote it. "
        f"Received: {run.folder / name} ({reason_of(why)})"
    )


def _misfit(value, form, where="it"):
    """Says what of a value is not of a form, or returns None."""
    if isinstance(form, dict):
        if not isinstance(value, dict):
            return f"{where} is no table of names"
        for key, inner in form.items():
            name = key.removesuffix("?")
            if name not in value:
                if name != key:
                    continue
                return f"{where} lacks {name}"
            if told := _misfit(value[name], inner, name):
                return told
        return None
    if isinstance(form, list):
        if not isinstance(value, list):
            return f"{where} is no list"
        told = (_misfit(each, form[0], where) for each in value)
        return next(filter(None, told), None)
    kinds = (int, float) if form is float else form
    if not isinstance(value, kinds) or (
        isinstance(value, bool) and form is not bool
    ):
        return f"{where} is {value!r:.50}"
    return None


def _numbers(value, where="it"):
    """Yields the name and value of every number in a table."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _numbers(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner, where)
    elif is_number(value):
        yield where, value
