"""Any dataset of images that Hugging Face's `datasets` reads as data."""

import collections
import importlib.metadata
import itertools
import os
import pathlib
import re
import urllib.parse

from tfcmc.data.base import DEFAULT_SIDE, SOURCES
from tfcmc.data.images import Encoded, own_side
from tfcmc.data.splits import Splits, source_of
from tfcmc.foundation.errors import UsageError, must, reason_of, unknown
from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.paths import expanded, is_same

datasets = LazyModule("datasets")

BATCH = 256
PEEK = 64  # images of a split whose heads tell the data's own side
NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")
CHOICES = ("image", "label", "config", "revision")
SAVED = ("dataset_dict.json", "state.json")  # of several splits, and of one
# What splits are called elsewhere.
SPLITS = {"valid": "validation", "val": "validation", "dev": "validation"}
LABELS = ("label", "labels")  # columns of whole numbers that are classes


def parse(argument: str) -> tuple[str, dict]:
    """Reads `PLACE` or `PLACE?image=COLUMN&label=COLUMN`.

    Returns:
        `(place, choices)`: the name of a dataset or a folder, and what is
        chosen of `CHOICES`.

    Raises:
        UsageError: if something else is chosen.
    """
    if os.path.isdir(argument):
        return argument, {}  # whatever it is called
    place, _, query = argument.partition("?")
    choices = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    if strange := sorted(set(choices) - set(CHOICES)):
        raise unknown("choice of hf", strange[0], CHOICES)
    return place, choices


def folder_of(place: str) -> pathlib.Path | None:
    """Returns the folder of a saved dataset; None of a name."""
    folder = pathlib.Path(expanded("data", place))
    return folder if folder.is_dir() or not NAME.fullmatch(place) else None


def check(argument, data_dir):
    """Raises a `UsageError` unless the dataset could be read."""
    place, _ = parse(argument)
    folder = folder_of(place)
    if folder is not None and not any((folder / n).is_file() for n in SAVED):
        raise must(
            "data",
            "hf:NAME, or hf:FOLDER with a dataset that save_to_disk wrote",
            place,
        )
    try:
        # A folder of this name may lie where the user works.
        importlib.metadata.version("datasets")
    except importlib.metadata.PackageNotFoundError:
        raise UsageError(
            f"`data` must be of another kind where datasets is not installed. "
            f"Received: {f'hf:{argument}'!r}\n"
            f'For hf: pip install "tfcmc[hf]" (or datasets).'
        ) from None


def reads(argument, path):
    """Says whether a file lies in this dataset's folder."""
    folder = folder_of(parse(argument)[0])
    if folder is None:
        return False
    around = pathlib.Path(os.path.realpath(path)).parents
    return any(is_same(folder, each) for each in around)


@SOURCES.register(
    "hf",
    takes_argument=True,
    extra={"epochs": 20, "encoded": True, "check": check, "reads": reads},
)
def hf(reading, argument):
    """Reads a dataset of Hugging Face's hub, or one saved to a folder.

    No code of a dataset is run: one that has a script of its own is refused.
    What is not in `data_dir`, or the hub's own cache, is downloaded.

    What its splits are for, `source_of` says; valid, val and dev are
    validation. The image is the one column of images; the label the one of
    classes, or of whole numbers called label. Where there are several,
    `?image=COLUMN&label=COLUMN` after the name chooses; `config=` and
    `revision=` do so among those of the hub.

    Raises:
        UsageError: if there is no such dataset, it has no images, or is
            damaged.
    """
    place, choices = parse(argument)
    check(argument, reading.data_dir)
    try:
        found = _open(place, choices, reading.data_dir)
        return source_of(_splits(place, found, choices), reading)
    except (UsageError, MemoryError):
        raise
    except Exception as error:
        # A damaged folder fails as JSON or Arrow sees it, a name as the
        # network or the hub does.
        raise UsageError(
            f"`data` must be a dataset that Hugging Face's library reads. "
            f"Received: {place!r}\n({reason_of(error)})"
        ) from error


def _open(place, choices, data_dir):
    """Returns split to dataset."""
    datasets.disable_progress_bars()
    folder = folder_of(place)
    if folder is not None:
        found = datasets.load_from_disk(str(folder))
    else:
        found = datasets.load_dataset(
            place,
            choices.get("config"),
            revision=choices.get("revision"),
            cache_dir=data_dir,
        )
    if not isinstance(found, dict):
        found = {"train": found}
    usual = {name: SPLITS.get(name, name) for name in found}
    taken = collections.Counter(usual.values())
    return {
        usual[name] if taken[usual[name]] == 1 else name: each
        for name, each in found.items()
    }


def _splits(place, found, choices):
    # A split that is learnt from alone may have no labels.
    features = {
        name: each
        for rows in reversed(found.values())
        for name, each in rows.features.items()
    }
    image = _column(features, "image", choices, datasets.Image)
    if image is None:
        raise UsageError(
            f"`data` must be a dataset with a column of images. "
            f"Received: {place!r}, with {sorted(features)}"
        )
    whole = [name for name, each in features.items() if _is_whole(each)]
    label = _column(features, "label", choices, datasets.ClassLabel, whole)
    if label is None:
        label = next((name for name in LABELS if name in whole), None)
    names = getattr(features.get(label), "names", None)
    columns = [name for name in (image, label) if name is not None]
    plain = {
        name: each.select_columns([n for n in columns if n in each.features])
        .with_format(None)
        .cast_column(image, datasets.Image(decode=False))
        for name, each in found.items()
        if len(each)
    }
    saved = folder_of(place) is not None

    def encoded(split, rows=None):
        kept = plain[split] if rows is None else plain[split].select(rows)
        named = label if label in kept.features else None
        return _encoded(kept, split, image, named, saved)

    some = [
        file
        for split, rows in plain.items()
        for file, _ in encoded(
            split, range(0, len(rows), -(-len(rows) // PEEK))
        )
    ]
    return Splits(
        name=place,
        counts={name: len(each) for name, each in plain.items()},
        encoded=encoded,
        labels=label is not None,
        has_labels=lambda split: (
            label in plain[split].features
            and all(_number(each) >= 0 for each in plain[split][label])
        ),
        class_names=tuple(names or ()),
        side=own_side(some) or DEFAULT_SIDE,
        hint=_hint(whole[:3]) if label is None else "",
    )


def _hint(columns):
    """Says which columns could be the labels."""
    named = " or ".join(f"?label={name}" for name in columns)
    return f"; a column of them is named by {named}" if named else ""


def _is_whole(feature):
    kind = getattr(feature, "dtype", None)
    return isinstance(kind, str) and re.fullmatch(r"u?int\d+", kind)


def _column(features, role, choices, kind, others=()):
    """Returns the column of a role: the one named, or the one of its kind."""
    fitting = [n for n, each in features.items() if isinstance(each, kind)]
    if (named := choices.get(role)) is not None:
        known = [*fitting, *others]  # others only where they are named
        if named not in known:
            raise unknown(f"column of the {role}", named, known)
        return named
    if len(fitting) > 1:
        listed = " or ".join(f"?{role}={name}" for name in fitting)
        raise must("data", f"hf: with a column named, {listed}", fitting)
    return fitting[0] if fitting else None


def _encoded(rows, split, image, label, saved):
    """Yields pictures as they are stored, each with its label or -1."""
    number = itertools.count()
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        labels = batch[label] if label else itertools.repeat(None)
        for cell, each in zip(batch[image], labels, strict=False):
            cell = cell or {}
            content, path = cell.get("bytes") or b"", cell.get("path")
            file = Encoded(f"{split}, picture {next(number)}", content)
            # What a saved folder names may lie anywhere.
            outside = path and not content and not saved
            yield path if outside else file, _number(each)


def _number(label):
    return -1 if label is None else int(label)
