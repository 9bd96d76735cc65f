"""Many image files, decoded by threads to one side."""

import collections
import concurrent.futures
import os

import numpy as np

from tfcmc.data.base import Reading
from tfcmc.data.encoded import bad_image
from tfcmc.data.formats import left_out
from tfcmc.data.images import Encoded, ImageError, decode_image, quiet
from tfcmc.data.pictures import batched, keep
from tfcmc.data.profiles import CONVERTED, UNUSABLE
from tfcmc.data.progress import Progress
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.text import counted
from tfcmc.foundation.threads import cores

BATCH = 256
BATCH_BYTES = 2**25  # of decoded pictures in flight
SMALL = 6_000  # bytes of a file below which threads wait for one another


class Account:
    """What was met in reading many image files."""

    def __init__(self, others=()):
        self.others = others  # how many were left out, by their extension
        self.bad = []  # the `ImageError`s that were skipped
        self.profiles = collections.Counter()  # as `to_srgb` says it
        self.shorter = set()  # shorter sides as stored, in pixels

    def notes(self):
        """Returns what the user should know of it, one line each."""
        names = [repr(os.path.basename(error.path)) for error in self.bad]
        named = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        told = (
            (
                len(self.bad),
                f"image could not be read and was skipped: {named}",
                f"images could not be read and were skipped: {named}",
            ),
            (
                self.profiles[CONVERTED],
                "picture was converted to sRGB from another colour profile",
                "pictures were converted to sRGB from other colour profiles",
            ),
            (
                self.profiles[UNUSABLE],
                "picture has a colour profile that cannot be used, and was "
                "read without it",
                "pictures have colour profiles that cannot be used, and were "
                "read without them",
            ),
        )
        return left_out(self.others) + [
            counted(count, one, more) for count, one, more in told if count
        ]


def decode(found, side, on_bad_image, room, account: Account):
    """Decodes image files, a batch at a time, skipping or telling bad ones.

    Threads, since Pillow decodes outside Python's lock; of small files in
    memory most of the work is inside it.

    Args:
        found: Iterable of `(file, tag)`, each file as `decode_image` takes
            it.
        side: Wanted side in pixels.
        on_bad_image: "stop", or "skip".
        room: The `Room` that pictures have while they are decoded.

    Yields:
        `(tags, pictures)`: the tags of `[count, side, side, 3]`, uint8.
    """
    count = max(1, min(BATCH, BATCH_BYTES // (side * side * 3)))

    def attempt(item):
        try:
            return decode_image(item[0], side, room)
        except ImageError as error:
            return error

    with concurrent.futures.ThreadPoolExecutor(cores()) as pool:
        for batch in batched(found, count):
            tags, pictures = [], []
            small = all(
                isinstance(file, Encoded) and len(file.content) < SMALL
                for file, _ in batch
            )
            each = map if small else pool.map
            with quiet():
                decoded = list(each(attempt, batch))
            for (_, tag), picture in zip(batch, decoded, strict=True):
                if isinstance(picture, ImageError):
                    if on_bad_image == "stop":
                        raise bad_image(picture) from picture
                    account.bad.append(picture)
                    continue
                tags.append(tag)
                pictures.append(picture.pixels)
                account.profiles[picture.profile] += 1
                account.shorter.add(min(picture.size))
            if pictures:
                yield tags, np.stack(pictures)


def read_parts(files, counts, side, reading: Reading, others=()):
    """Decodes the images of all parts: in memory, or streamed from files.

    Args:
        files: Part to iterable of `(file, label)`, as `decode` takes it.
        counts: Part to how many come, at most.
        side: Side in pixels at which pictures are kept.
        others: `Counter` of the extensions of what was left out before.

    Returns:
        `(pictures, labels, notes)`: part to pictures, part to labels, and
        what the user should know of them, one line each.

    Raises:
        UsageError: if an image cannot be read and `on_bad_image` is "stop",
            or no image of a part can.
    """
    if reading.packer is not None:
        return reading.packer.read_parts(files, counts, side, reading, others)
    total = sum(counts.values())
    room, account = reading.room(total, side), Account(others)
    progress = Progress("images decoded", total)
    pictures, labels = {}, {part: [] for part in files}
    numbers = {part: [] for part in files}

    def decoded(part):
        numbered = (
            (file, (number, label))
            for number, (file, label) in enumerate(files[part])
        )
        for tags, batch in decode(
            numbered, side, reading.on_bad_image, room, account
        ):
            numbers[part] += [number for number, _ in tags]
            labels[part] += [label for _, label in tags]
            progress.add(len(batch))
            yield batch

    for part in files:
        pictures[part] = keep(decoded(part), side, counts[part], room)
        pictures[part].numbers = np.array(numbers[part])
        if not labels[part]:
            raise UsageError(
                "`data` must have images that can be read for each of "
                f"{', '.join(files)}. Received: none for {part}; "
                f"{account.bad[-1]}"
            )
    notes = account.notes()
    if not reading.side and len(account.shorter) > 1:
        notes.append(
            f"shorter sides are {min(account.shorter)} to "
            f"{max(account.shorter)} pixels: all are kept at {side}x{side} "
            f"(--picture-side sets it)"
        )
    return pictures, labels, notes
