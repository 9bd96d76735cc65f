"""How much memory decoding takes, and the room that threads share for it."""

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
    """Memory that several threads share.

    Args:
        size: Bytes.
    """

    def __init__(self, size):
        self._size = size
        self._taken = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def take(self, wanted):
        """Waits for memory and holds it.

        Args:
            wanted: Bytes.

        Raises:
            ValueError: if there will never be as much.
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


def room_beside(kept, memory_limit):
    """Returns the room for decoding beside pictures that are kept.

    Args:
        kept: Bytes of the pictures kept in memory.
        memory_limit: Bytes that the user allows in all.

    Returns:
        A `Room` of what is left, and of `LEAST` where that is less.
    """
    return Room(max(memory_limit - kept, LEAST))


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
