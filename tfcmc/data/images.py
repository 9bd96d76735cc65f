"""Image files and arrays of any size, as squares of RGB bytes.

The shorter side is scaled and the middle square is kept. Scaling is linear,
over all pixels that a new one covers where a picture shrinks.
"""

import contextlib
import os
import threading
import warnings
import zlib

import numpy as np

from tfcmc.lazy import LazyModule

Image = LazyModule("PIL.Image")
ImageOps = LazyModule("PIL.ImageOps")

EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp")
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
PNG_HEAD = b"\x89PNG\r\n\x1a\n"
# Decoded pixels above which images are taken one at a time: Pillow allows
# nearly 180 million, and every thread may meet such an image.
LARGE = 2**24
_one_at_a_time = threading.Lock()


class ImageError(ValueError):
    """An image file that cannot be read.

    Args:
        path: The file.
        why: The reason, in a few words.
    """

    def __init__(self, path, why):
        super().__init__(f"{os.fspath(path)!r}: {why}")
        self.path = path
        self.why = why


@contextlib.contextmanager
def quiet():
    """Keeps Pillow's warnings off the screen; what it refuses is still told.

    It warns of images that are large, or odd in what does not touch their
    pixels. Not for use inside threads: filters are those of the process.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def is_image(name):
    """Says whether a file's name looks like that of an image."""
    return not name.startswith(".") and name.lower().endswith(EXTENSIONS)


def size(path):
    """Returns an image file's `(width, height)` in pixels as it is stored.

    Only the file's head is read.

    Raises:
        ImageError: if the file cannot be read or is no image.
    """
    with _reasons(path), _open(path) as image:
        return image.size


def read(path, side):
    """Reads an image file as a square.

    Turned upright by its EXIF orientation; the first frame of an animation;
    transparency is dropped, not blended.

    Args:
        path: A JPEG, PNG, BMP, GIF or WebP file, whatever its name.
        side: Wanted side in pixels.

    Returns:
        `[side, side, 3]`, uint8.

    Raises:
        ImageError: if the file cannot be read, is no image or is not whole.
    """
    with _reasons(path), _open(path) as image:
        # A JPEG can be decoded at an eighth of its size in a fraction of the
        # time; twice the wanted side leaves the scaling below its say.
        image.draft("RGB", (2 * side, 2 * side))
        large = image.size[0] * image.size[1] > LARGE
        with _one_at_a_time if large else contextlib.nullcontext():
            if image.format == "PNG":
                _check_png(path)
            image.load()
            # A broken EXIF block does not make the pixels any worse.
            with contextlib.suppress(Exception):
                ImageOps.exif_transpose(image, in_place=True)
            return np.asarray(_square(_rgb(image), side))


def resize(pictures, side):
    """Scales pictures' shorter side and cuts the middle square.

    Args:
        pictures: `[count, height, width, 3]`, uint8.
        side: Wanted side in pixels.

    Returns:
        `[count, side, side, 3]`, uint8; the pictures themselves where they
        have that side.
    """
    if pictures.shape[1:3] == (side, side):
        return pictures
    out = np.empty([len(pictures), side, side, 3], np.uint8)
    for row, picture in enumerate(pictures):
        out[row] = _square(Image.fromarray(picture), side)
    return out


def _open(path):
    # Opening a pipe that is called .jpg would wait for ever.
    if os.path.exists(path) and not os.path.isfile(path):
        raise ImageError(path, "not a regular file")
    if os.path.getsize(path) == 0:
        raise ImageError(path, "the file is empty")
    return Image.open(path, formats=FORMATS)


def _check_png(path):
    """Checks the checksums of a PNG, which Pillow decodes without."""
    with open(path, "rb") as file:
        file.seek(len(PNG_HEAD))
        while len(head := file.read(8)) == 8:
            size, kind = int.from_bytes(head[:4], "big"), head[4:]
            data = file.read(size)
            stored = file.read(4)
            if len(stored) < 4:
                raise ImageError(path, "the file is cut short")
            found = zlib.crc32(data, zlib.crc32(kind))
            if found != int.from_bytes(stored, "big"):
                raise ImageError(path, "the file is damaged: wrong checksum")
            if kind == b"IEND":
                return


@contextlib.contextmanager
def _reasons(path):
    """Turns whatever goes wrong with an image into an `ImageError`."""
    try:
        yield
    except ImageError:
        raise
    except Image.UnidentifiedImageError:
        why = "not a JPEG, PNG, BMP, GIF or WebP image"
        raise ImageError(path, why) from None
    except Exception as error:
        # Pillow's decoders raise nearly any exception on broken bytes.
        why = getattr(error, "strerror", None) or str(error)
        why = why.partition("\n")[0] or type(error).__name__
        raise ImageError(path, why) from error


def _rgb(image):
    if image.mode.startswith("I"):
        # Pillow itself would clip 16 bits to 8 instead of scaling them.
        values = np.clip(np.asarray(image, np.int64), 0, 65535)
        grey = (values * 255 + 32767) // 65535
        image = Image.fromarray(grey.astype(np.uint8))
    if image.mode == "P":
        # Straight to RGB, Pillow warns about palettes with transparency.
        image = image.convert("RGBA")
    return image.convert("RGB")


def _square(image, side):
    width, height = image.size
    small = min(width, height)
    left, top = (width - small) // 2, (height - small) // 2
    # Pillow's BOX counts pixels as wholly in or out: at ratios that are no
    # whole numbers it moves edges by up to half a pixel.
    return image.resize(
        (side, side),
        Image.Resampling.BILINEAR,
        (left, top, left + small, top + small),
    )
