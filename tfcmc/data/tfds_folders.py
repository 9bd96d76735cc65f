"""Where TensorFlow Datasets keeps what it prepared, and what is there.

A name is NAME, NAME/CONFIG, NAME:VERSION or NAME/CONFIG:VERSION, as
`tfds.load` takes it.
"""

import fnmatch
import os
import pathlib
import re

from tfcmc.foundation.errors import UsageError, must, unknown
from tfcmc.foundation.paths import expanded

# Any number may stand in the place of a version's *.
NAME = re.compile(
    r"(?P<dataset>[\w+-][\w.+-]*(/[\w+-][\w.+-]*)*)"
    r"(:(?P<version>(\d+|\*)\.(\d+|\*)\.(\d+|\*)))?"
)
VERSION = re.compile(r"\d+\.\d+\.\d+")
INFO = "dataset_info.json"


def folder_of(data_dir) -> pathlib.Path:
    """Returns the folder of prepared datasets: the one given, or TFDS's own.

    Raises:
        UsageError: if it begins with a `~` that is no home folder.
    """
    # As TensorFlow Datasets itself has it.
    given = data_dir or os.environ.get("TFDS_DATA_DIR")
    default = os.path.join("~", "tensorflow_datasets")
    return pathlib.Path(expanded("data-dir", given or default))


def is_name(name: str) -> bool:
    """Says whether text could name a dataset, and not a place elsewhere."""
    return NAME.fullmatch(name) is not None


def versions(name, data_dir) -> list[pathlib.Path]:
    """Finds the folders of the prepared versions of a dataset, oldest first.

    They are of one config where there are some.

    Raises:
        UsageError: if several configs are there and none is named.
    """
    match = NAME.fullmatch(name)
    if match is None:
        return []  # a pattern, or another folder
    place = folder_of(data_dir) / match["dataset"]
    found = _versions(place, "*") or _versions(place, "*/*")
    configs = sorted({folder.parent.name for folder in found})
    if len(configs) > 1:
        listed = ", ".join(f"{match['dataset']}/{name}" for name in configs)
        raise must("data", f"tfds: and one of {listed}", name)
    wanted = match["version"] or "*"
    return [f for f in found if fnmatch.fnmatchcase(f.name, wanted)]


def _versions(place, pattern):
    """Returns the folders of versions that a pattern finds, oldest first."""
    found = (path.parent for path in place.glob(f"{pattern}/{INFO}"))
    return sorted(
        (folder for folder in found if VERSION.fullmatch(folder.name)),
        key=lambda folder: tuple(map(int, folder.name.split("."))),
    )


def check(name, data_dir):
    """Raises a `UsageError` unless the dataset is prepared in the folder."""
    root = folder_of(data_dir)
    if not os.path.isdir(root):
        raise UsageError(
            f"`data-dir` must be a folder of prepared datasets; `tfcmc data "
            f"tfds:NAME` prepares one that TensorFlow Datasets has. "
            f"Received: {str(root)!r}, which is not a folder"
        )
    if not versions(name, data_dir):
        dataset = name.partition(":")[0]
        there = versions(dataset, data_dir)
        known = {f"{dataset}:{folder.name}" for folder in there} or {
            folder.relative_to(root).parent.as_posix()
            for pattern in ("*/*", "*/*/*")
            for folder in _versions(root, pattern)
        }
        where = f"{root} (`tfcmc data tfds:NAME` prepares more)"
        raise unknown(f"prepared dataset in {where}", name, known)


def newest(name, data_dir):
    """Returns the folder of the newest version, and a note on any choice.

    Raises:
        UsageError: if it is not prepared there.
    """
    check(name, data_dir)
    found = versions(name, data_dir)
    if len(found) == 1:
        return found[0], ()
    listed = ", ".join(folder.name for folder in found)
    note = f"version {found[-1].name} is read, the newest of {listed}"
    return found[-1], (note,)
