"""Pictures that stay encoded image files, decoded as they are asked for."""

import concurrent.futures
import functools
import os

import numpy as np

from tfcmc.data.images import ImageError, decode_image, mute
from tfcmc.foundation.errors import UsageError


class EncodedPictures:
    """Pictures of image files, each decoded whenever it is read.

    Args:
        files: What has the files: `len()`, and `files(numbers)`, the list of
            them, each as `decode_image` takes it or the `ImageError` that
            came of it.
        side: In pixels, at which they are read.
        room: The `Room` for decoding.
    """

    def __init__(self, files, side, room):
        mute()  # batches are decoded in threads of their own
        self.side = side
        self._files = files
        self._room = room

    def __len__(self):
        return len(self._files)

    def read(self, numbers):
        shape = (len(numbers), self.side, self.side, 3)
        return self._filled(np.empty(shape, np.uint8), numbers, self._whole)

    def _whole(self, row, file):
        """The square of an image file, whichever row it is of."""
        return decode_image(file, self.side, self._room).pixels

    def _filled(self, out, numbers, decode):
        """Fills an array with what is decoded of pictures, by threads.

        Args:
            out: `[count, ...]`.
            numbers: `[count]`.
            decode: The row and the file of a picture to what goes there.
        """

        def one(row, file):
            if isinstance(file, ImageError):
                raise file
            out[row] = decode(row, file)

        files = self._files.files(numbers)
        try:
            for _ in _threads().map(one, range(len(out)), files):
                pass
        except ImageError as error:
            raise bad_image(error) from error
        return out


def bad_image(error: ImageError) -> UsageError:
    """Makes the error for an image that cannot be read."""
    return UsageError(
        f"`data` must have only images that can be read, or on-bad-image must "
        f"be skip.\nReceived: {error}"
    )


@functools.cache
def _threads():
    """The threads that decode, which all parts share."""
    return concurrent.futures.ThreadPoolExecutor(min(8, os.cpu_count() or 1))
