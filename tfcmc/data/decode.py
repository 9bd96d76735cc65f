"""Many image files, decoded by threads."""

import concurrent.futures
import functools
import os

import numpy as np

from tfcmc.checks import UsageError
from tfcmc.data.images import ImageError, quiet, read
from tfcmc.data.pictures import batched

BATCH = 256
BATCH_BYTES = 2**25  # of decoded pictures in flight


def decode(found, side, on_bad_image, kept, bad):
    """Yields decoded pictures, a batch at a time.

    Threads, since Pillow decodes outside Python's lock.

    Args:
        found: List of `(path, tag)`.
        side: Wanted side in pixels.
        on_bad_image: "stop", or "skip".
        kept: A list; the tags of the pictures yielded are added to it.
        bad: A list; the `ImageError`s skipped are added to it.

    Yields:
        `[count, side, side, 3]`, uint8.

    Raises:
        UsageError: at a bad image, if `on_bad_image` is "stop".
    """
    count = max(1, min(BATCH, BATCH_BYTES // (side * side * 3)))
    workers = min(8, os.cpu_count() or 1)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for batch in batched(found, count):
            pictures = []
            read_one = functools.partial(_decode, side=side)
            with quiet():
                decoded = list(pool.map(read_one, [p for p, _ in batch]))
            for (_, tag), picture in zip(batch, decoded, strict=True):
                if not isinstance(picture, ImageError):
                    pictures.append(picture)
                    kept.append(tag)
                    continue
                if on_bad_image == "stop":
                    raise UsageError(
                        "`data` must have only images that can be read, or "
                        f"on-bad-image must be skip.\nReceived: {picture}"
                    ) from picture
                bad.append(picture)
            if pictures:
                yield np.stack(pictures)


def skipped(bad):
    """Returns the notes on images that were left out, one line each."""
    if not bad:
        return []
    first = ", ".join(repr(os.path.basename(e.path)) for e in bad[:3])
    more = ", ..." if len(bad) > 3 else ""
    return [
        f"{len(bad)} images could not be read and were skipped: {first}{more}"
    ]


def _decode(path, side):
    try:
        return read(path, side)
    except ImageError as error:
        return error
