"""Packing the pictures of a source into record files, once and for all."""

import contextlib
import errno
import hashlib
import itertools
import json
import os
import pathlib

from tfcmc.data.base import Reading, Source
from tfcmc.data.decode import Account, decode
from tfcmc.data.digest import describe_data
from tfcmc.data.images import Encoded, ImageError, name_of
from tfcmc.data.overlap import Overlap
from tfcmc.data.pictures import in_batches
from tfcmc.data.progress import Progress
from tfcmc.data.record_files import array_record
from tfcmc.data.records import (
    FILES,
    INDEX,
    PIXELS,
    Shard,
    digest_of,
    labels_of,
    packed_pictures,
    read_shard,
)
from tfcmc.data.room import Room
from tfcmc.foundation.atomic import is_aside, read_small, whole, write_whole
from tfcmc.foundation.errors import differing, must

BEGUN = "packing.json"  # what is packed, from the start on
SHARD_BYTES = 2**28  # with which a file is closed
BATCH = 256
OPTIONS = "group_size:1,uncompressed"  # each by itself; images are compressed


class Packer:
    """Writes pictures to a folder, and goes on where it was stopped.

    Args:
        settings: Name to value of what decides what is packed.
        kind: "pixels" or "files".

    Raises:
        UsageError: if something else is in the folder.
    """

    def __init__(self, folder, settings: dict, kind: str):
        self.folder = pathlib.Path(folder)
        self.kind = kind
        self._packed = {}  # part to its pictures, and its shards
        self._account = Account()
        self._check(settings | {"kind": kind})

    def _check(self, settings):
        self.folder.mkdir(parents=True, exist_ok=True)
        begun = self.folder / BEGUN
        if not begun.exists():
            # A process killed at its first word leaves nothing else.
            if not all(map(is_aside, self.folder.iterdir())):
                raise must(
                    "pack", "a new folder, or an empty one", self.folder
                )
            write_whole(begun, json.dumps(settings, indent=2))
        found = json.loads(read_small(begun, 2**20))
        if told := differing(found, settings):
            raise must(
                "pack",
                "a folder where the same was begun",
                f"{self.folder}, with {', '.join(told)}",
            )
        if (self.folder / INDEX).exists():
            raise must("pack", "a folder that is not done yet", self.folder)

    def read_parts(self, files, counts, side, reading: Reading, others=()):
        """Packs image files; takes and returns what `decode.read_parts` does.

        Raises:
            UsageError: likewise; and if what is packed already was of others.
        """
        self._account = Account(others)
        progress = Progress("images packed", sum(counts.values()))
        for part, found in files.items():
            shards = self._begun(part)
            account = Account()
            items = _Counted(found)
            if shards:
                items.skip(shards[-1])
            progress.add(items.taken)
            decoded = decode(
                items,
                side,
                reading.on_bad_image,
                reading.room(0, side),
                account,
            )

            def records(decoded=decoded, items=items):
                for tags, pictures in decoded:
                    progress.add(len(pictures))
                    yield (
                        (items.taken, items.listed),
                        [
                            (self._content(file, picture), label)
                            for (file, label), picture in zip(
                                tags, pictures, strict=True
                            )
                        ],
                    )

            self._write(part, shards, records(), account)
            if not any(map(len, shards)):
                raise must(
                    "data", "images that can be read in each part", part
                )
            self._packed[part] = self._open(shards, side), shards
            self._account.bad += account.bad  # after the last that is packed
            for shard in shards:
                self._account.bad += [ImageError(*each) for each in shard.bad]
                self._account.profiles.update(shard.profiles)
        pictures = {part: each for part, (each, _) in self._packed.items()}
        labels = {
            part: labels_of(shards).tolist()
            for part, (_, shards) in self._packed.items()
        }
        return pictures, labels, self._account.notes()

    def _content(self, file, picture):
        """What the record of an image is."""
        if self.kind == PIXELS:
            return picture.tobytes()
        if isinstance(file, Encoded):
            return file.content
        return pathlib.Path(file).read_bytes()

    def finish(self, source: Source):
        """Packs what was not packed as it was read, and writes the index.

        Args:
            source: The source, read with this packer.
        """
        roles = {}
        for role, pictures, labels in source.parts():
            roles[role] = self._part_of(role, pictures, labels)
        if "pretrain" not in roles:
            roles = {"pretrain": roles["train"], **roles}
        overlap, known = Overlap(), {}
        if self.kind == FILES:
            for role, part in roles.items():
                digests = "".join(s.digests for s in self._packed[part][1])
                known[role] = bytes.fromhex(digests)
                overlap.add_digests(role, known[role])
        described = describe_data(source, overlap.add, known)
        index = {
            "version": 1,
            "kind": self.kind,
            "side": source.pretrain.side,
            "parts": {
                part: [_named(part, n) for n in range(len(shards))]
                for part, (_, shards) in self._packed.items()
            },
            "roles": roles,
            "unseen": source.unseen,
            "class_names": list(map(str, source.class_names)),
            "notes": [*source.notes, *overlap.notes()],
            "described": described,
        }
        write_whole(self.folder / INDEX, json.dumps(index, indent=2))

    def _part_of(self, role, pictures, labels):
        """The part that a role's pictures are packed as."""
        for part, (packed, _) in self._packed.items():
            if packed is pictures:
                return part
        shards = self._begun(role)
        start, listed = 0, ""
        if shards:
            start, listed = shards[-1].taken, shards[-1].listed
            if start > len(pictures):
                raise _another(shards[-1])
        progress = Progress("pictures packed", len(pictures))
        known = hashlib.sha256()

        def records(taken=0):
            for batch in in_batches(pictures, BATCH):
                numbers = range(taken, taken + len(batch))
                taken += len(batch)
                known.update(batch.tobytes())
                if labels is not None:
                    known.update(
                        f"{[int(labels[n]) for n in numbers]}".encode()
                    )
                progress.add(len(batch))
                if numbers.start < start:
                    if taken >= start and known.hexdigest() != listed:
                        raise _another(shards[-1])
                    continue
                yield (
                    (taken, known.hexdigest()),
                    [
                        (each.tobytes(), -1 if labels is None else labels[n])
                        for n, each in zip(numbers, batch, strict=True)
                    ],
                )

        self._write(role, shards, records(), Account())
        self._packed[role] = pictures, shards
        return role

    def _begun(self, part):
        """The shards of a part that are there, in a list to add to."""
        shards = []
        while (path := self.folder / _named(part, len(shards))).exists():
            shards.append(read_shard(path))
        return shards

    def _write(self, part, shards, batches, account):
        """Writes records, and adds the shards that they make."""
        pending, size, passed = [], 0, (0, "")
        for passed, records in batches:
            pending += records
            size += sum(len(content) for content, _ in records)
            if size >= SHARD_BYTES:
                self._close(part, shards, pending, passed, account)
                pending, size = [], 0
        if pending:
            self._close(part, shards, pending, passed, account)

    def _close(self, part, shards, records, passed, account):
        """Writes one shard, and then what is in it."""
        taken, listed = passed
        name = _named(part, len(shards))
        path = (self.folder / name).with_suffix(".array_record")
        with whole(path) as aside, _faults(path):
            writer = array_record.ArrayRecordWriter(str(aside), OPTIONS)
            for content, _ in records:
                writer.write(content)
            writer.close()
        shard = Shard(
            file=path.name,
            bytes=path.stat().st_size,
            taken=taken,
            labels=[-1 if y is None else int(y) for _, y in records],
            digests="".join(digest_of(content) for content, _ in records),
            bad=[[str(each.path), each.why] for each in account.bad],
            profiles={k: n for k, n in account.profiles.items() if k},
            listed=listed,
        )
        account.bad.clear()
        account.profiles.clear()
        write_whole(self.folder / name, json.dumps(vars(shard)))
        shards.append(shard)

    def _open(self, shards, side):
        return packed_pictures(self.folder, shards, self.kind, side, Room(0))


class _Counted:
    """Image files with their labels as a tag, and which have come by."""

    def __init__(self, files):
        self.taken = 0
        self._files = iter(files)
        self._known = hashlib.sha256()

    @property
    def listed(self):
        """What the names and labels that came by are known by."""
        return self._known.hexdigest()

    def skip(self, shard):
        """Passes by what is packed up to a shard.

        Raises:
            UsageError: if that was of other names or labels.
        """
        for _ in itertools.islice(self, shard.taken):
            pass
        if (self.taken, self.listed) != (shard.taken, shard.listed):
            raise _another(shard)

    def __iter__(self):
        for file, label in self._files:
            self.taken += 1
            line = f"{name_of(file)}\0{label}\n"
            self._known.update(line.encode("utf-8", "surrogateescape"))
            yield file, (file, label)


@contextlib.contextmanager
def _faults(path):
    """Tells what the machine failed at as Python would, not its library."""
    try:
        yield
    except RuntimeError as error:
        for number in errno.errorcode:
            if (words := os.strerror(number)) in str(error):
                raise OSError(number, words, str(path)) from error
        raise


def _another(shard):
    """Makes the error for data that are no longer what was packed of them."""
    return must(
        "pack",
        "of data that are as they were when it was begun",
        f"others than those in {shard.file!r}",
    )


def _named(part, number):
    """The name of what says what is in a shard."""
    return f"{part}-{number:05d}.json"
