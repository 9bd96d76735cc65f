"""What a run folder holds, read back: whole and of the form it was written in.

What is read for a verdict, a table or a figure is checked here first: a
`UsageError` names the file that is damaged.
"""

import numpy as np

from tfcmc.foundation.arrays import read_arrays
from tfcmc.foundation.atomic import check_regular
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.records import COUNT, SHARE, damaged, read_record
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import IDENTITY, ORIGIN
from tfcmc.runs.identity import NAME as IDENTITY_FILE

SETTINGS = {"loss": str, "data": str, "seed": int, "epochs": int}
CONSTANTS = ("alpha", "t")  # of alignment and uniformity
# What is told of a probe; that of each of several branches stands beside it,
# by the branch's name.
TOLD_OF_PROBES = ("accuracy", "balanced_accuracy", "class_accuracy", "epochs")
TOLD_OF_PROBES += ("interval", "inverse_strength", "k", "labels")
TOLD_OF_PROBES += ("validation_accuracy",)
PROBES = {
    f"{name}?": {"accuracy": SHARE}
    for name in (
        "linear_probe",
        "mlp_head",
        "knn",
        "nearest_mean",
        "plain_head",
    )
}
PLACE = {"alignment": float, "uniformity": float}
SPHERE = {**PLACE, "images": COUNT, "effective_rank": float}
# What needs no labels; those of views where there are several.
LABEL_FREE = ("lidar", "alpha_req", "nesum", "retrieval_at_1")
LABEL_FREE += ("retrieval_at_5", "modality_gap")
SPHERE |= {f"{name}?": float for name in LABEL_FREE}
METRICS = {
    **SETTINGS,
    **dict.fromkeys(CONSTANTS, float),
    **PROBES,
    **PLACE,
    "raw_pixels?": PROBES,
    "sphere": SPHERE,
    "sphere_all": SPHERE,
    "untrained": {**PLACE, "sphere": SPHERE, **PROBES},
    "floors": {
        "uniformity_uniform_sphere": float,
        "uniformity_one_point": float,
        "alignment_unrelated_views": float,
    },
    "findings": [
        {"epoch": int, "until": int, "collapse": bool}
        | {"words": str, "advice": str}
    ],
    "versions": dict,
    "controls_key": str,
    "judged_on": str,
    "evaluate?": str,  # of a brief verdict
    "encoders_sha256?": {str: str},
    # Those that the verdicts of older versions may lack.
    "geometry?": str,
    "picture_side?": COUNT,
    "replicas?": COUNT,
    "majority_share?": SHARE,
    "no_probe?": str,
    "tsne_trustworthiness?": SHARE,
    **{f"{name}?": IDENTITY[f"{name}?"] for name in ORIGIN},
    "classes?": [{"name": str, "train": COUNT, "judged": COUNT}],
}
COLUMNS = ("epoch", "seconds", "loss", "alignment", "uniformity")
COLUMNS += ("effective_rank", "apart")
MOST_BYTES = 2**30  # of embedded.npz: a thousand pictures are some megabytes


def read_settings(run: Run) -> dict | None:
    """Reads setting name to value; None where there is no `config.json`."""
    return read_record(run.folder / "config.json", SETTINGS)


def read_metrics(run: Run) -> dict | None:
    """Reads the verdict on a run; None where there is no `metrics.json`."""
    return read_record(run.folder / "metrics.json", METRICS)


def read_identity(run: Run) -> dict | None:
    """Reads the identity of a run; None where there is no record of it."""
    return read_record(run.folder / IDENTITY_FILE, IDENTITY)


def identity_of(run: Run) -> dict:
    """Reads the identity of a run that has been trained.

    Raises:
        UsageError: also if there is no record.
    """
    found = read_identity(run)
    if found is None:
        raise UsageError(
            f"`run` must hold {IDENTITY_FILE}, which says what was trained on "
            f"which pictures. Received: {str(run.folder)!r}, without it.\n"
            f"The command that trained it writes it again."
        )
    return found


def measured_by(metrics: dict, settings: dict) -> bool:
    """Whether a verdict has the constants that its run's history has."""
    return all(metrics[name] == settings[name] for name in CONSTANTS)


def picture_side(run: Run) -> int:
    """Returns the side in pixels of the pictures a run was trained on."""
    return identity_of(run)["data"]["pretrain"]["side"]


def read_history(run: Run, names=()) -> list[dict]:
    """Reads the rows of a run's history.

    Args:
        names: The name of each view that the rows must have columns of.

    Returns:
        Dicts of column to number, one an epoch; none without a history.
    """
    path = run.folder / "history.csv"
    try:
        check_regular(path)
        rows = run.read_history()
        whole = path.read_bytes().endswith(b"\n")
    except FileNotFoundError:
        return []
    except Exception as error:
        # Text that is no number, too few of them, or no text at all.
        raise damaged(path, error) from None
    if not whole:
        raise damaged(path, "it does not end with a whole line")
    columns = (
        *COLUMNS,
        *(f"uniformity_{view}" for view in names),
        *(f"spread_{view}" for view in names),
    )
    for number, row in enumerate(rows, start=1):
        if missing := [column for column in columns if column not in row]:
            raise damaged(path, f"it lacks {', '.join(missing)}")
        if row["epoch"] != number or row["alignment"] < 0:
            raise damaged(path, f"line {number + 1}")
    return rows


def read_embedded(run: Run, names, branches) -> dict:
    """Reads the vectors of a draw of a run's judged pictures.

    Args:
        names: The name of each view.
        branches: The name of each branch.

    Returns:
        Name to array: `rows`, their numbers among those judged;
        `features_NAME` of each branch, `embeddings_NAME` of each view,
        `confusion` of the linear probe where there is one,
        `labels` with `class_names` where there are any, and the map `tsne`
        with `tsne_trustworthiness` where it was drawn.

    Raises:
        UsageError: also if the file is missing.
    """
    path = run.folder / "embedded.npz"
    try:
        arrays = read_arrays(path, MOST_BYTES)
        _check_vectors(arrays, names, branches)
    except KeyError as error:
        raise damaged(path, f"without {error.args[0]}") from None
    except Exception as error:
        # A damaged file fails as zip, a decompressor or NumPy sees it.
        raise damaged(path, error) from None
    return arrays


def _check_vectors(arrays, names, branches):
    kinds = [f"features_{name}" for name in branches]
    kinds += [f"embeddings_{name}" for name in names]
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
    if "confusion" in arrays:
        matrix, classes = arrays["confusion"], len(arrays["class_names"])
        counted = matrix.dtype.kind == "i" and matrix.min(initial=0) >= 0
        if matrix.shape != (classes, classes) or not counted:
            raise ValueError(f"confusion {list(matrix.shape)}")
    if "tsne" in arrays:
        points = arrays["tsne"]
        trust = float(arrays["tsne_trustworthiness"])
        if points.shape != (count, 2) or not np.all(np.isfinite(points)):
            raise ValueError(f"tsne {list(points.shape)}")
        if not 0 <= trust <= 1:
            raise ValueError(f"tsne_trustworthiness is {trust}")
