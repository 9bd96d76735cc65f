"""Many image files, decoded by threads."""

import collections
import concurrent.futures
import dataclasses
import functools
import os

import numpy as np

from tfcmc.data.formats import left_out
from tfcmc.data.images import ImageError, decode_image, quiet
from tfcmc.data.pictures import batched
from tfcmc.data.profiles import CONVERTED, UNUSABLE
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.text import counted

BATCH = 256
BATCH_BYTES = 2**25  # of decoded pictures in flight


@dataclasses.dataclass
class Account:
    """What was met in reading many image files.

    Attributes:
        bad: The `ImageError`s that were skipped.
        others: Extensions of what was left out as of another kind.
        profiles: What colour profiles came to, as `to_srgb` says it.
        shorter: The shorter sides of the pictures as stored, in pixels.
    """

    bad: list = dataclasses.field(default_factory=list)
    others: collections.Counter = dataclasses.field(
        default_factory=collections.Counter
    )
    profiles: collections.Counter = dataclasses.field(
        default_factory=collections.Counter
    )
    shorter: set = dataclasses.field(default_factory=set)

    def notes(self):
        """Returns what the user should know of it, one line each."""
        notes = left_out(self.others)
        if self.bad:
            names = [repr(os.path.basename(e.path)) for e in self.bad[:3]]
            more = ", ..." if len(self.bad) > 3 else ""
            told = counted(
                len(self.bad),
                "image could not be read and was skipped",
                "images could not be read and were skipped",
            )
            notes.append(f"{told}: {', '.join(names)}{more}")
        if count := self.profiles[CONVERTED]:
            notes.append(
                counted(
                    count,
                    "picture was converted to sRGB from another colour "
                    "profile",
                    "pictures were converted to sRGB from other colour "
                    "profiles",
                )
            )
        if count := self.profiles[UNUSABLE]:
            notes.append(
                counted(
                    count,
                    "picture has a colour profile that cannot be used, and "
                    "was read without it",
                    "pictures have colour profiles that cannot be used, and "
                    "were read without them",
                )
            )
        return notes


def decode(found, side, on_bad_image, room, kept, account):
    """Yields decoded pictures, a batch at a time.

    Threads, since Pillow decodes outside Python's lock.

    Args:
        found: Iterable of `(file, tag)`, each file as `decode_image` takes
            it.
        side: Wanted side in pixels.
        on_bad_image: "stop", or "skip".
        room: The `Room` that pictures have while they are decoded.
        kept: A list; the tags of the pictures yielded are added to it.
        account: An `Account`; what is met is added to it.

    Yields:
        `[count, side, side, 3]`, uint8.

    Raises:
        UsageError: at a bad image, if `on_bad_image` is "stop".
    """
    count = max(1, min(BATCH, BATCH_BYTES // (side * side * 3)))
    workers = min(8, os.cpu_count() or 1)
    decode_one = functools.partial(_decode, side=side, room=room)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for batch in batched(found, count):
            pictures = []
            with quiet():
                decoded = list(
                    pool.map(decode_one, [file for file, _ in batch])
                )
            for (_, tag), picture in zip(batch, decoded, strict=True):
                if isinstance(picture, ImageError):
                    _skip(picture, on_bad_image, account)
                    continue
                pictures.append(picture.pixels)
                kept.append(tag)
                account.profiles[picture.profile] += 1
                account.shorter.add(min(picture.size))
            if pictures:
                yield np.stack(pictures)


def _skip(error, on_bad_image, account):
    """Skips a bad image, or stops at it."""
    if on_bad_image == "stop":
        raise UsageError(
            "`data` must have only images that can be read, or "
            f"on-bad-image must be skip.\nReceived: {error}"
        ) from error
    account.bad.append(error)


def _decode(file, side, room):
    try:
        return decode_image(file, side, room)
    except ImageError as error:
        return error
