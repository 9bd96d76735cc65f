"""Pictures that stay encoded image files, decoded as they are asked for."""

import concurrent.futures
import functools
import sys
import threading

import numpy as np

from tfcmc.data.images import (
    ImageError,
    decode_crops,
    decode_image,
    mute,
    name_of,
)
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.text import printable
from tfcmc.foundation.threads import cores

MOST_TRIED = 100  # pictures in the place of one that cannot be read


class EncodedPictures:
    """Pictures of image files, each decoded whenever it is read.

    Args:
        files: What has the files: `len()`, and `files(numbers)`, the list of
            them, each as `decode_image` takes it or the `ImageError` that
            came of it.
        side: In pixels, at which they are read.
        room: The `Room` for decoding.
        on_bad_image: "stop"; or "skip": the nearest picture of the same label
            by its number stands in the place of one that cannot be read, now
            and whenever it is read again.
        labels: `[count]`; None where there are none.
    """

    whole = True  # `crops` cuts out of whole pictures

    def __init__(self, files, side, room, on_bad_image="stop", labels=None):
        mute()  # batches are decoded in threads of their own
        self.side = side
        self._files = files
        self._room = room
        self._skips = on_bad_image == "skip"
        self._labels = labels
        self._instead = {}  # number to that of what stands in its place
        self._lock = threading.Lock()

    def __len__(self):
        return len(self._files)

    @property
    def numbers(self):
        """Of those read so far, as `tfcmc.data.pictures` has them."""
        if not self._instead:
            return None
        numbers = np.arange(len(self))
        numbers[list(self._instead)] = -1
        return numbers

    def read(self, numbers):
        shape = (len(numbers), self.side, self.side, 3)
        out = np.empty(shape, np.uint8)

        def decode(row, file):
            out[row] = decode_image(file, self.side, self._room).pixels

        self._decode(numbers, decode)
        return out

    def crops(self, numbers, draws, views) -> tuple:
        """Cuts views out of whole pictures, each decoded once.

        Args:
            numbers: `[count]`.
            draws: `[count, views, draws]`, theirs.
            views: The `Views`, of boxes.

        Returns:
            `[count, side, side, 3]`, uint8, a view.
        """
        out = tuple(
            np.empty((len(numbers), side, side, 3), np.uint8)
            for side in views.sides
        )

        def decode(row, file):
            boxes = functools.partial(views.boxes, draws[row])
            found = decode_crops(
                file, boxes, views.sides, views.filters, self._room
            )
            for view, crop in zip(out, found, strict=True):
                view[row] = crop

        self._decode(numbers, decode)
        return out

    def _decode(self, numbers, decode):
        """Calls `decode(row, file)` for each of the numbers, by threads."""

        def fill(row, file):
            if isinstance(file, ImageError):
                raise file
            decode(row, file)

        def one(row, number, file):
            try:
                fill(row, file)
            except ImageError as error:
                if not self._skips:
                    raise
                # One at a time, so that each bad file is told of once.
                with self._lock:
                    self._replace(number, error, functools.partial(fill, row))

        numbers = [self._instead.get(n, n) for n in map(int, numbers)]
        files = self._files.files(numbers)
        try:
            for _ in threads().map(one, range(len(files)), numbers, files):
                pass
        except ImageError as error:
            raise bad_image(error) from error

    def _replace(self, number, error, fill):
        """Fills a row with the nearest picture that can be read."""
        known = self._instead.get(number)
        for other in self._nearest(number) if known is None else [known]:
            (file,) = self._files.files([other])
            try:
                fill(file)
            except ImageError:
                continue
            if known is None:
                self._instead[number] = other
                told = f"{error}; skipped: {name_of(file)!r} in its place"
                print(f"note: {printable(told)}", file=sys.stderr, flush=True)
            return
        raise UsageError(
            f"`data` must have an image near each that is skipped which can "
            f"be read.\nReceived: {error}"
        ) from error

    def _nearest(self, number):
        """The numbers of others of its label, the nearest first."""
        if self._labels is None:
            first = max(0, number - MOST_TRIED)
            rows = np.arange(first, min(len(self), number + MOST_TRIED + 1))
        else:
            rows = np.flatnonzero(self._labels == self._labels[number])
        rows = rows[rows != number]
        nearest = np.argsort(np.abs(rows - number), kind="stable")
        return rows[nearest[:MOST_TRIED]].tolist()


def bad_image(error: ImageError) -> UsageError:
    """Makes the error for an image that cannot be read."""
    return UsageError(
        f"`data` must have only images that can be read, or on-bad-image must "
        f"be skip.\nReceived: {error}"
    )


@functools.cache
def threads():
    """The threads that read and decode, which all parts share."""
    return concurrent.futures.ThreadPoolExecutor(cores())
