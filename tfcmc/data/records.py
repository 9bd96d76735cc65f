"""Pictures packed into record files, which any order reads at random.

A folder that `pack` wrote. Each part is some files of records; beside each
lies what is in it, and over all of them the index, which is written last.
"""

import dataclasses
import hashlib
import json
import os
import pathlib

import numpy as np

from tfcmc.data.base import SOURCES, Source, Split
from tfcmc.data.encoded import EncodedPictures
from tfcmc.data.overlap import DIGEST
from tfcmc.data.pictures import in_batches, keep
from tfcmc.data.record_files import Records, changed
from tfcmc.foundation.atomic import read_small
from tfcmc.foundation.errors import must, reason_of
from tfcmc.foundation.paths import expanded

INDEX = "records.json"
MOST = 2**28  # bytes of an index, or of what is in a file
PIXELS, FILES = "pixels", "files"  # what a record is
BATCH = 1024
DIGITS = 2 * DIGEST


@dataclasses.dataclass(frozen=True)
class Shard:
    """One file of records, and what is in it."""

    file: str  # its name
    bytes: int  # its size
    taken: int  # how many pictures of the part came by, bad ones too
    labels: list  # one a record, -1 where there is none
    digests: str  # 16 hexadecimal digits a record: of its content's SHA-256
    bad: list  # [name, why] of each that could not be read
    profiles: dict  # how many had which colour profile, as `to_srgb` says it
    # What the names and labels of all that came by are known by; "" where
    # they have no names.
    listed: str = ""

    def __len__(self):
        return len(self.labels)


class PackedPixels:
    """The pictures of a part whose records are rows of pixels.

    Args:
        side: In pixels.
    """

    def __init__(self, records: Records, side):
        self.side = side
        self._records = records

    def __len__(self):
        return len(self._records)

    def read(self, numbers):
        content = b"".join(self._records.read(numbers))
        shape = (len(numbers), self.side, self.side, 3)
        return np.frombuffer(content, np.uint8).reshape(shape)


def packed_pictures(folder, shards, kind, side, room, on_bad_image="stop"):
    """Opens the pictures of a part, by the folder and the list of its shards.

    Args:
        kind: "pixels": rows of a square; or "files": images as they were.
        side: In pixels, at which they are read.
        room: The `Room` for decoding.
        on_bad_image: As in `EncodedPictures`.
    """
    records = _opened(folder, shards)
    if kind == PIXELS:
        return PackedPixels(records, side)
    labels = labels_of(shards)
    return EncodedPictures(records, side, room, on_bad_image, labels)


def _opened(folder, shards):
    paths = [os.path.join(folder, each.file) for each in shards]
    return Records(paths, map(len, shards))


def check(argument, data_dir=None):
    """Raises a `UsageError` unless a folder of records is there."""
    folder = pathlib.Path(expanded("data", argument))
    if not (folder / INDEX).is_file():
        raise must(
            "data",
            f"records:FOLDER, with {INDEX} in it, as `tfcmc data --pack` "
            f"leaves it when it is done",
            argument,
        )


def reads(argument, path):
    """Says whether a file lies in the folder."""
    folder = os.path.realpath(expanded("data", argument))
    return os.path.realpath(path).startswith(os.path.join(folder, ""))


def read_index(folder) -> tuple[dict, dict]:
    """Reads what a folder of records holds.

    Returns:
        The index, and part to its list of `Shard`.

    Raises:
        UsageError: if it is damaged, or a file is not as long as it was.
    """
    try:
        index = json.loads(read_small(folder / INDEX, MOST))
        shards = {
            part: [read_shard(folder / name) for name in names]
            for part, names in index["parts"].items()
        }
        _check(index, shards)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as e:
        raise changed(f"{str(folder)!r} ({reason_of(e)})") from e
    for shard in (each for found in shards.values() for each in found):
        path = folder / shard.file
        size = path.stat().st_size if path.is_file() else None
        if size != shard.bytes:
            told = "absent" if size is None else f"of {size:,} bytes"
            raise changed(f"{str(path)!r}, {told} for {shard.bytes:,}")
    return index, shards


def _check(index, shards):
    """Raises one of several errors unless an index is as `pack` writes it."""
    if index["kind"] not in (PIXELS, FILES):
        raise ValueError(f"records of {index['kind']!r}")
    if not isinstance(index["described"], dict):
        raise ValueError("nothing is described")
    classes = len(index["class_names"])
    for role in ("pretrain", *index["roles"]):
        shards[index["roles"][role]]
    for found in shards.values():
        labels = labels_of(found)
        if len(labels) and not -1 <= labels.min() <= labels.max() < classes:
            raise ValueError(f"labels that are none of {classes} classes")
        for shard in found:
            if len(shard.digests) != DIGITS * len(shard):
                raise ValueError(f"{shard.file!r} has other digests")
            if os.path.basename(shard.file) != shard.file:
                raise ValueError(f"{shard.file!r} lies elsewhere")


def read_shard(path) -> Shard:
    """Reads what is in a file of records, from the JSON beside it."""
    return Shard(**json.loads(read_small(path, MOST)))


def check_whole(argument, source):
    """Checks every record by its digest.

    Raises:
        UsageError: if one is damaged.
    """
    folder = pathlib.Path(expanded("data", argument))
    index, shards = read_index(folder)
    for shard in (each for found in shards.values() for each in found):
        packed = _opened(folder, [shard])
        for start in range(0, len(shard), BATCH):
            numbers = range(start, min(start + BATCH, len(shard)))
            found = "".join(map(digest_of, packed.read(numbers)))
            if found != shard.digests[DIGITS * start :][: len(found)]:
                raise changed(f"{shard.file!r}, whose checksums are others")


def digest_of(content: bytes) -> str:
    """Returns what a record's content is known by, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:DIGITS]


@SOURCES.register(
    "records",
    takes_argument=True,
    extra={
        "epochs": 20,
        "check": check,
        "reads": reads,
        "check_whole": check_whole,
        "files": True,
    },
)
def records(reading, argument):
    """Reads what was packed: pixels, or image files that are decoded anew.

    What fits in memory is read once; else each batch is, where it lies.

    Raises:
        UsageError: if there are none, they are damaged, or were packed at
            another side than is asked for.
    """
    check(argument)
    folder = pathlib.Path(expanded("data", argument))
    index, shards = read_index(folder)
    side = reading.side or index["side"]
    if index["kind"] == PIXELS and side != index["side"]:
        raise must(
            "picture-side", f"{index['side']}, as they were packed", side
        )
    total = sum(len(each) for found in shards.values() for each in found)
    room = reading.room(total, side)
    pictures = {}
    for part, found in shards.items():
        packed = packed_pictures(
            folder, found, index["kind"], side, room, reading.on_bad_image
        )
        stays = reading.whole and part == index["roles"]["pretrain"]
        if not stays and room.fits(len(packed) * side * side * 3):
            batches = in_batches(packed, BATCH)
            kept = keep(batches, side, len(packed), room)
            kept.numbers = getattr(packed, "numbers", None)
            packed = kept
        pictures[part] = packed
    described = index["described"]
    for part in described.values():
        if isinstance(part, dict):
            part["side"] = side
    splits = {
        role: Split(pictures[part], labels_of(shards[part]))
        for role, part in index["roles"].items()
    }
    return Source(
        pretrain=splits["pretrain"].pictures,
        probe_train=splits.get("train"),
        test=splits.get("test"),
        class_names=tuple(index["class_names"]),
        unseen=index["unseen"],
        notes=tuple(index["notes"]),
        described=described,
    )


def labels_of(shards):
    """Returns the labels of a part: `[count]`, int64."""
    return np.array([y for each in shards for y in each.labels], np.int64)
