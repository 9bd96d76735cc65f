"""The memory that pictures and their decoding may take."""

import contextlib
import threading

LEAST = 2**28  # bytes for decoding, however little the user allows
# Bytes for each pixel, at most: the decoder's own, the picture it makes and
# one converted copy. Measured on noise of 16 million pixels.
BYTES = {"AVIF": 20, "JPEG2000": 28, "WEBP": 22}
BYTES_OF_OTHERS = 12
PROGRESSIVE_BYTES = 6  # a JPEG's coefficients, whatever size it is decoded at
TILE_WIDTH, TILE_LENGTH = 322, 323  # TIFF's tags


class Room:
    """Memory: for pictures that are kept, and for threads that decode.

    Args:
        size: Bytes that threads share.
        kept: Bytes for pictures.
    """

    def __init__(self, size, kept=0):
        self._size = size
        self._kept = kept
        self._taken = 0
        self._changed = threading.Condition()

    def fits(self, wanted) -> bool:
        """Says whether there are so many bytes for pictures to be kept."""
        return wanted <= self._kept

    def keep(self, wanted):
        """Takes so many bytes for good."""
        self._kept -= wanted

    @contextlib.contextmanager
    def take(self, wanted):
        """Waits for so many bytes and holds them.

        Raises:
            ValueError: if there will never be as many.
        """
        if wanted > self._size:
            raise ValueError(
                f"decoding it takes {wanted / 2**30:.2f} GiB, and "
                f"--memory-limit leaves {self._size / 2**30:.2f} GiB"
            )
        with self._changed:
            self._changed.wait_for(lambda: self._taken + wanted <= self._size)
            self._taken += wanted
        try:
            yield
        finally:
            with self._changed:
                self._taken -= wanted
                self._changed.notify_all()


def needed(image, stored, file_bytes):
    """Returns the bytes that decoding takes at most, from the head alone.

    Args:
        image: A Pillow image that is open and not loaded yet.
        stored: Its `(width, height)` before any `draft`.
        file_bytes: The size of its file.
    """
    pixels = image.size[0] * image.size[1]
    tags = getattr(image, "tag_v2", {})
    # A tile is decoded whole, however little of it the picture covers.
    tile = _number(tags.get(TILE_WIDTH)) * _number(tags.get(TILE_LENGTH))
    total = max(pixels, tile) * BYTES.get(image.format, BYTES_OF_OTHERS)
    if image.info.get("progressive"):
        total += stored[0] * stored[1] * PROGRESSIVE_BYTES
    return total + 2 * file_bytes


def _number(tag):
    return tag if isinstance(tag, int) else 0
