"""Image files and arrays of any size, as squares of sRGB bytes.

The shorter side is scaled and the middle square is kept. Scaling is linear,
over all pixels that a new one covers where a picture shrinks.
"""

import contextlib
import io
import logging
import math
import os
import stat
import typing
import warnings

import numpy as np

from tfcmc.data.formats import formats
from tfcmc.data.profiles import to_srgb
from tfcmc.data.room import Room, needed
from tfcmc.foundation.errors import is_passing
from tfcmc.foundation.lazy import LazyModule

Image = LazyModule("PIL.Image")
ImageOps = LazyModule("PIL.ImageOps")

JPEGS = ("JPEG", "MPO")
REDUCED = (1, 2, 4, 8)  # by what a JPEG can be decoded smaller
TIMES = 2  # the side that it is scaled to, at least
ORIENTATION = 0x0112  # of EXIF
BITS, PHOTOMETRIC, WHITE_IS_ZERO = 258, 262, 0  # of TIFF
# Those in which rows are stored as columns, and from the wrong side.
LYING, FROM_RIGHT, FROM_BELOW = (5, 6, 7, 8), (2, 3, 6, 7), (3, 4, 7, 8)
SMALLEST_OWN_SIDE, LARGEST_OWN_SIDE = 8, 128
ONE_ALONE = 2**32  # bytes that a single picture may take while it is decoded


class Encoded(typing.NamedTuple):
    """An image file's bytes that stand in another file."""

    name: str  # what a message calls it, in the place of a path
    content: bytes


class ImageError(ValueError):
    """An image file, a path or an `Encoded`, that cannot be read."""

    def __init__(self, file, why):
        self.path = file.name if isinstance(file, Encoded) else file
        super().__init__(f"{name_of(file)!r}: {why}")
        self.why = why


def name_of(file) -> str:
    """Returns what a message calls an image file."""
    return file.name if isinstance(file, Encoded) else os.fspath(file)


class Decoded(typing.NamedTuple):
    """A picture, and what it was before."""

    pixels: np.ndarray  # [side, side, 3], uint8
    size: tuple  # (width, height) in pixels as it was stored
    profile: str | None  # what it came to, as `to_srgb` says it


@contextlib.contextmanager
def quiet():
    """Keeps Pillow's warnings off the screen; what it refuses is still told.

    It warns of images that are large, or odd in what does not touch their
    pixels. Not for use inside threads: filters are those of the process.
    """
    logger = logging.getLogger("PIL")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def mute():
    """Keeps Pillow's warnings off the screen for good, inside threads too."""
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=r"PIL\.")


def size(path):
    """Returns an image file's `(width, height)` in pixels, from its head.

    Args:
        path: Its path, or an `Encoded`.

    Raises:
        ImageError: if the file cannot be read or is no image.
    """
    with _reasons(path), _open(path) as (image, _):
        return image.size


def own_side(files) -> int | None:
    """Returns the side of images all small, square and of one size, or None.

    Args:
        files: As `decode_image` takes them; one that cannot be read does not
            count, for reading it tells, if it matters.
    """
    sizes = set()
    with quiet():
        for file in files:
            with contextlib.suppress(ImageError):
                sizes.add(size(file))
    if len(sizes) != 1:
        return None
    width, height = sizes.pop()
    own = SMALLEST_OWN_SIDE <= width == height <= LARGEST_OWN_SIDE
    return width if own else None


def read(path, side) -> np.ndarray:
    """Reads one image file as `decode_image` does: `[side, side, 3]`, uint8.

    Raises:
        ImageError: if the file cannot be read, is no image or is not whole.
    """
    return decode_image(path, side, Room(ONE_ALONE)).pixels


def decode_image(file, side, room) -> Decoded:
    """Decodes an image file to a square.

    Turned upright by its EXIF orientation; in sRGB by its colour profile; the
    first frame of an animation; transparency is dropped, not blended.

    Args:
        file: The path of a file of one of `formats()`, whatever its name, or
            an `Encoded`.
        side: Wanted side in pixels.
        room: The `Room` for its memory, waited for.

    Raises:
        ImageError: if the file cannot be read, is no image, is not whole or
            takes more memory than there is.
    """

    def draft(image):
        # A JPEG can be decoded at an eighth of its size in a fraction of the
        # time; twice the wanted side leaves the scaling below its say.
        image.draft("RGB", (TIMES * side, TIMES * side))

    with _upright(file, room, draft) as (image, stored, profile):
        square, what = _in_srgb(_square(image, side), profile)
        return Decoded(square, stored, what)


def decode_crops(file, boxes, sides, filters, room) -> list:
    """Decodes an image file once, as `decode_image`, and cuts views out of it.

    Args:
        boxes: `(height, width) -> ` where each view is cut out of the upright
            picture: top, left, height and width, in pixels.
        sides: The side that each is scaled to.
        filters: How: "bilinear" or "bicubic", over nothing but the box.

    Returns:
        `[side, side, 3]`, uint8, of each.
    """
    places, reduced, corner = None, 1, (0, 0)

    def draft(image):
        nonlocal places, reduced, corner
        if image.format not in JPEGS:
            return
        turned = _orientation(image)
        width, height = image.size
        upright = (width, height) if turned in LYING else (height, width)
        places = boxes(*upright)
        times = min(
            min(box[2:]) / (TIMES * side)
            for box, side in zip(places, sides, strict=True)
        )
        reduced = max(each for each in REDUCED if each <= max(times, 1))
        # The last pixel may cover less than the others; turned, it is first.
        corner = (
            -upright[0] % reduced if turned in FROM_BELOW else 0,
            -upright[1] % reduced if turned in FROM_RIGHT else 0,
        )
        image.draft("RGB", (width // reduced, height // reduced))

    with _upright(file, room, draft) as (image, _, profile):
        if places is None:
            places = boxes(*image.size[::-1])
        found = []
        for box, side, filter in zip(places, sides, filters, strict=True):
            corners = np.add(box, (*corner, 0, 0)) / reduced
            crop = _cut(image, corners.tolist(), side, filter)
            found.append(_in_srgb(crop, profile)[0])
        return found


def resize(pictures, side):
    """Scales pictures' shorter side and cuts the middle square.

    Args:
        pictures: `[count, height, width, 3]`, uint8; returned as they are
            where they have that side.
        side: Wanted side in pixels.
    """
    if pictures.shape[1:3] == (side, side):
        return pictures
    out = np.empty([len(pictures), side, side, 3], np.uint8)
    for row, picture in enumerate(pictures):
        out[row] = _square(Image.fromarray(picture), side)
    return out


@contextlib.contextmanager
def _upright(file, room, draft):
    """Yields an image that can be scaled, its stored size and its profile."""
    with _reasons(file), _open(file) as (image, stream):
        stored = image.size
        draft(image)
        with room.take(needed(image, stored, _length(file))):
            if image.format == "PNG":
                _check_png(file, stream)
            image.load()
            profile = image.info.get("icc_profile")
            # A broken EXIF block does not make the pixels any worse.
            with contextlib.suppress(Exception):
                ImageOps.exif_transpose(image, in_place=True)
            yield _plain(image), stored, profile


def _orientation(image):
    """How a JPEG has to be turned, from its head, as EXIF counts it."""
    with contextlib.suppress(Exception):
        return image.getexif().get(ORIENTATION)
    return None


def _cut(image, box, side, filter):
    """Cuts a box and scales it."""
    top, left, height, width = box
    right = min(left + width, image.width)
    bottom = min(top + height, image.height)
    x, y = math.floor(left), math.floor(top)
    # Apart first: Pillow would scale with what lies around the box, too.
    apart = image.crop((x, y, math.ceil(right), math.ceil(bottom)))
    within = (left - x, top - y, right - x, bottom - y)
    kind = Image.Resampling[filter.upper()]
    return apart.resize((side, side), kind, within)


def _in_srgb(image, profile):
    """Returns bytes of sRGB, and what the profile came to."""
    # At their final size, profiles cost next to nothing.
    image, what = to_srgb(_eight_bits(image), profile)
    return np.asarray(image), what


@contextlib.contextmanager
def _open(file):
    """Yields an image of which only the head is read, and its bytes."""
    with (
        _stream(file) as stream,
        Image.open(stream, formats=formats()) as image,
    ):
        yield image, stream


def _stream(file):
    if isinstance(file, Encoded):
        if not file.content:
            raise ImageError(file, "there is no picture")
        return io.BytesIO(file.content)
    status = os.stat(file)
    # Opening a pipe that is called .jpg would wait for ever.
    if not stat.S_ISREG(status.st_mode):
        raise ImageError(file, "not a regular file")
    if status.st_size == 0:
        raise ImageError(file, "the file is empty")
    return open(file, "rb")


def _length(file):
    if isinstance(file, Encoded):
        return len(file.content)
    return os.path.getsize(file)


def _check_png(file, stream):
    """Checks the checksums of a PNG, which Pillow decodes without."""
    before = stream.tell()
    stream.seek(0)
    try:
        with Image.open(stream, formats=["PNG"]) as image:
            image.verify()
    except SyntaxError as error:
        why = "the file is damaged: wrong checksum"
        raise ImageError(file, why) from error
    stream.seek(before)


@contextlib.contextmanager
def _reasons(file):
    """Turns whatever goes wrong with an image into an `ImageError`."""
    try:
        yield
    except ImageError:
        raise
    except Image.UnidentifiedImageError:
        why = "not an image of a kind that is read (JPEG, PNG, TIFF, ...)"
        raise ImageError(file, why) from None
    except Exception as error:
        if is_passing(error):
            raise  # the file may be sound
        # Pillow's decoders raise nearly any exception on broken bytes.
        why = getattr(error, "strerror", None) or str(error)
        why = why.partition("\n")[0] or type(error).__name__
        raise ImageError(file, why) from error


def _plain(image):
    """Returns an image in a mode that can be scaled, without transparency."""
    mode = image.mode
    if mode == "F" or (mode == "I" and image.format == "TIFF"):
        raise ValueError(
            "32 or signed bits a channel, of which none says what is white"
        )
    if mode.startswith("I"):
        return _wide_grey(image)
    if mode == "La":
        image = image.convert("LA")
    if image.mode in ("1", "LA"):
        return image.convert("L")
    if mode in ("P", "PA", "RGBa"):
        # Straight to RGB, Pillow warns about palettes with transparency.
        image = image.convert("RGBA")
    # Grey and inks stay what they are, since their profiles speak of them.
    kept = ("RGB", "L", "CMYK", "LAB")
    return image if image.mode in kept else image.convert("RGB")


def _wide_grey(image):
    """Returns more than 8 bits of grey as 16, of which all is white."""
    tags, image = getattr(image, "tag_v2", {}), image.convert("I")
    # Pillow has such a TIFF's values as they are stored.
    if tags.get(BITS, (16,))[0] == 12:
        image = image.point(lambda value: value * (65535 / 4095) + 0.5)
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        image = image.point(lambda value: value * -1 + 65535)
    return image


def _eight_bits(image):
    """Scales 16 bits of grey to 8, where Pillow itself would clip them."""
    if image.mode != "I":
        return image
    values = np.clip(np.asarray(image, np.int64), 0, 65535)
    return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))


def _square(image, side):
    if image.size == (side, side):
        return image
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
