"""Image files that are broken, odd, or no images."""

import io
import os
import struct
import warnings
import zlib

import numpy as np
from PIL import Image

from tests.dirty.case import Case, noise, pictures_of

PIXELS = noise(1)


def _put(write, path):
    path.write_bytes(write) if isinstance(write, bytes) else write(path)


def bad(file, write, **settings):
    """Stops, naming file and reason; with skip it is counted."""

    def make(folder):
        Image.fromarray(noise(2)).save(folder / "a good.png")
        _put(write, folder / file)
        return folder

    def act(folder):
        pixels, notes = pictures_of(
            folder, side=8, on_bad_image="skip", **settings
        )
        np.testing.assert_array_equal(pixels, noise(2)[None])
        (count,) = [note for note in notes if "could not be read" in note]
        assert count.startswith("1 image could not be read and was skipped")
        assert repr(file) in count
        pictures_of(folder, side=8, **settings)

    return Case(make, act)


def good(file, write, want=PIXELS, atol=0):
    """Read, and its pixels are right; nothing is said of it."""

    def make(folder):
        _put(write, folder / file)
        return folder

    def act(folder):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return pictures_of(folder, side=8)

    def check(read):
        pixels, notes = read
        assert pixels.shape == (1, 8, 8, 3)
        assert np.abs(pixels[0].astype(int) - want).max() <= atol
        assert len(notes) == 1  # that there is no probe

    return Case(make, act, check)


def _file(array, kind="PNG", mode=None, **options):
    """The bytes of an image file."""
    file = io.BytesIO()
    Image.fromarray(array, mode).save(file, kind, **options)
    return file.getvalue()


def _cut(kind, share=0.6, **options):
    data = _file(noise(3, 64, 64, 3), kind, **options)
    return data[: int(share * len(data))]


def chunk(kind, data):
    """A chunk of a PNG."""
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def png(width, height, rows, *, bits=8, colour=2, extra=b""):
    """A PNG put together by hand."""
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = chunk(b"IHDR", head), extra, chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")


def tiff(values, bits, *, white=1, **more):
    """A TIFF of grey put together by hand, its bits one after the other.

    Args:
        values: `[height, width]`, or `[height, width, 2]` with transparency.
        bits: Of each value.
        white: 0 where 0 is white.
        **more: Other tags by `t` and their numbers.
    """
    height, width, *samples = values.shape
    many = samples[0] if samples else 1
    row = values.reshape(height, -1, 1) >> np.arange(bits)[::-1]
    data = np.packbits((row & 1).reshape(height, -1), axis=1).tobytes()
    if bits == 16:  # the low byte first, as whole bytes are
        data = np.frombuffer(data, ">u2").astype("<u2").tobytes()
    tags = {
        256: [width], 257: [height], 258: [bits] * many, 259: [1],
        262: [white], 273: [8], 277: [many], 278: [height],
        279: [len(data)], **{int(n[1:]): [more[n]] for n in more},
    }  # fmt: skip
    entries = b"".join(
        struct.pack("<HHI", tag, 3, len(each))
        + struct.pack(f"<{len(each)}H", *each).ljust(4, b"\0")
        for tag, each in sorted(tags.items())
    )
    place = struct.pack("<2sHI", b"II", 42, 8 + len(data))
    count = struct.pack("<H", len(tags))
    return place + data + count + entries + bytes(4)


def _rows(array):
    """The rows of a PNG, each with its filter byte."""
    return b"".join(b"\0" + row.tobytes() for row in array)


def _flipped():
    # Stored without compression: only the checksum can tell.
    data = bytearray(_file(PIXELS, compress_level=0))
    data[len(data) // 2] ^= 1
    return bytes(data)


def _link(target):
    return lambda path: os.symlink(target, path)


def _linked(path):
    place = path.parent / ".hidden"
    place.mkdir()
    (place / "x.png").write_bytes(GOOD)
    os.symlink(place / "x.png", path)


def _animation(kind, first):
    frames = [Image.fromarray(255 - first), Image.fromarray(first // 2)]
    return _file(first, kind, save_all=True, append_images=frames)


def _turned():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    return _file(np.rot90(PIXELS), exif=exif)


def _palette(path):
    image = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8), "P")
    image.putpalette(PIXELS.tobytes())
    image.save(path, "PNG", transparency=bytes(range(64)))


def _beside(write):
    """Writes the good image, and something that is no image beside it."""

    def both(path):
        (path.parent / "good.png").write_bytes(GOOD)
        _put(write, path)

    return both


GOOD = _file(PIXELS)
HIGH = np.random.default_rng(4).integers(0, 2**16, (8, 8, 3), np.uint16)
NEAREST = np.rint(HIGH[..., :1] / 257)
GREY = np.repeat(PIXELS[..., :1], 3, axis=2)
BITS = np.where(GREY > 127, 255, 0)
ALPHA = np.concatenate([PIXELS, noise(7, 8, 8, 1)], axis=2)
INK = np.full([32, 32, 4], [200, 30, 120, 60], np.uint8)
LIGHT = np.rint((255 - np.array([200, 30, 120])) * (195 / 255))
BLACK = np.zeros([1, 1, 3])
COMMENT = chunk(b"zTXt", b"a\0\0" + zlib.compress(b" " * 2**27))
HTML = b"<!DOCTYPE html><html><body>404 Not Found</body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)
FLOATS = PIXELS[..., 0] / np.float32(255)
FADED = noise(9, 8, 8).astype(int) // 2
LINE = noise(8, 1, 3001, 3)
APART = (np.arange(8) + 0.5) / 8 - 0.5  # from the middle of the middle pixel
MIDDLE = np.stack([
    (1 - abs(apart)) * LINE[0, 1500]
    + abs(apart) * LINE[0, 1500 + (1 if apart > 0 else -1)]
    for apart in APART
])  # fmt: skip

IMAGES = {
    "an empty file": bad("x.jpg", b""),
    "text": bad("x.jpg", b"no image\n"),
    "an HTML page": bad("x.jpg", HTML),
    "an SVG drawing": bad("x.png", SVG),
    "a HEIC photo": bad("x.jpg", HEIC),
    "an EPS drawing": bad("x.png", _file(PIXELS, "EPS")),
    "zeros": bad("x.jpg", bytes(1000)),
    "a JPEG cut short": bad("x.jpg", _cut("JPEG")),
    "a PNG cut short": bad("x.png", _cut("PNG")),
    "a GIF cut short": bad("x.gif", _cut("GIF")),
    "a WebP cut short": bad("x.webp", _cut("WEBP", lossless=True)),
    "a BMP cut short": bad("x.bmp", _cut("BMP")),
    "a JPEG without its last two bytes":
        bad("x.jpg", _file(PIXELS, "JPEG")[:-2]),
    "a JPEG's head alone": bad("x.jpg", _cut("JPEG", 0.05)),
    "a PNG with a wrong bit": bad("x.png", _flipped()),
    "a PNG that says 100,000 by 100,000":
        bad("x.png", png(100_000, 100_000, b"\0" * 99)),
    "a PNG of 16 bits and 150 million pixels, with --memory-limit=1GiB":
        bad("x.png", png(15000, 10000, b"", bits=16, colour=0),
            memory_limit=2**30),
    "a TIFF of 32 bits a channel": bad("x.tif", _file(FLOATS, "TIFF")),
    "a TIFF of signed bits":
        bad("x.tif", tiff(HIGH[..., 0].astype(int), 16, t339=2)),
    "a TIFF cut short": bad("x.tif", _cut("TIFF")),
    "a PNG of no width": bad("x.png", png(0, 5, b"\0")),
    "a PNG whose comment unpacks to 128 MiB":
        bad("x.png", png(8, 8, _rows(PIXELS), extra=COMMENT)),
    "a link to nothing": bad("x.png", _link("y")),
    "a link to itself": bad("x.png", _link("x.png")),
    "a FIFO": bad("x.jpg", os.mkfifo),
    "a link to an endless device": bad("x.jpg", _link("/dev/zero")),
    "a PNG called .jpg": good("x.jpg", GOOD),
    "a TIFF called .png": good("x.png", _file(PIXELS, "TIFF")),
    "a TIFF of several pages": good("x.tif", _animation("TIFF", PIXELS)),
    "16 bits of grey in a TIFF":
        good("x.tif", _file(HIGH[..., 0], "TIFF"), NEAREST),
    "16 bits of grey in a TIFF whose white is 0":
        good("x.tif", tiff(HIGH[..., 0].astype(int), 16, white=0),
             255 - NEAREST),
    "12 bits of grey in a TIFF":
        good("x.tif", tiff(HIGH[..., 0].astype(int) >> 4, 12),
             np.round((HIGH[..., :1] >> 4) / 4095 * 255), 1),
    "grey in a TIFF, transparency multiplied in":
        good("x.tif", tiff(np.stack([FADED, np.full([8, 8], 128)], -1), 8,
                           t338=1), FADED[..., None] * 255 / 128, 1),
    "a name in capitals": good("X.PNG", GOOD),
    "a PNG with more after its end": good("x.png", GOOD + b"more"),
    "a black PNG of 95 million pixels":
        good("x.png", png(9750, 9750, bytes(9751 * 9750), colour=0), BLACK),
    "a CMYK JPEG":
        good("x.jpg", _file(INK, "JPEG", "CMYK", quality=98), LIGHT, 6),
    "16 bits of grey": good("x.png", _file(HIGH[..., 0]), NEAREST),
    "16 bits of RGB":
        good("x.png", png(8, 8, _rows(HIGH.astype(">u2")), bits=16),
             HIGH >> 8),
    "an animated GIF": good("x.gif", _animation("GIF", GREY[..., 0]), GREY),
    "an animated PNG": good("x.png", _animation("PNG", PIXELS)),
    "an image that EXIF turns": good("x.png", _turned()),
    "a broken EXIF block":
        good("x.png", _file(PIXELS, exif=b"Exif\0\0no TIFF")),
    "transparency": good("x.png", _file(ALPHA)),
    "a transparent palette": good("x.png", _palette),
    "grey": good("x.png", _file(PIXELS[..., 0]), GREY),
    "grey with transparency": good("x.png", _file(ALPHA[..., [0, 3]]), GREY),
    "black and white": good("x.png", _file(PIXELS[..., 0] > 127), BITS),
    "one pixel": good("x.png", _file(PIXELS[:1, :1]), PIXELS[:1, :1]),
    "3,001 by 1 pixels": good("x.png", _file(LINE), MIDDLE[None], 1),
    "1 by 3,001 pixels":
        good("x.png", _file(LINE.transpose(1, 0, 2)), MIDDLE[:, None], 1),
    "a link to an image": good("x.png", _linked),
    "a folder called x.jpg": good("x.jpg", _beside(os.mkdir)),
    "a hidden image": good(".x.jpg", _beside(_file(GREY))),
    "half a download": good("x.jpg.part", _beside(_cut("PNG"))),
    "a name in other scripts": good("猫 и قطة 🐈.png", GOOD),
    "a name of two lines": good("a\nb.png", GOOD),
    "a name of quotes and tags": good("\"'<b>$x$&.png", GOOD),
    "a name with a leading dash": good("-x.png", GOOD),
    "a name that is no UTF-8": good(os.fsdecode(b"caf\xe9 \xff.png"), GOOD),
    "a name of 255 letters": good("x" * 251 + ".png", GOOD),
}  # fmt: skip
