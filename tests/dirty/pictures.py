"""Image files that are broken, odd, or no images."""

import io
import os
import struct
import warnings
import zlib

import numpy as np
from PIL import Image

from tests.dirty.case import ANY, Case, noise, pictures_of

PIXELS = noise(1)
STOP = "`data` must have only images that can be read, or on-bad-image must be"
STOP += " skip.\nReceived: "
NO_IMAGE = "not an image of a kind that is read (JPEG, PNG, TIFF, ...)"


def _refused(name, file, why, write, **settings):
    """Stops, naming file and reason; with skip it is counted."""

    def make(folder):
        Image.fromarray(noise(2)).save(folder / "a good.png")
        write(folder / file)
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

    told = f"{STOP}'{ANY}/{file}': {why}"
    return Case(name, make, told, act)


def _taken(name, file, gets, write, want=PIXELS, atol=0):
    """Read, and its pixels are right; nothing is said of it."""

    def make(folder):
        write(folder / file if isinstance(file, str) else file(folder))
        return folder

    def check(read):
        pixels, notes = read
        assert pixels.shape == (1, 8, 8, 3)
        assert np.abs(pixels[0].astype(int) - want).max() <= atol
        assert len(notes) == 1  # that there is no probe

    def act(folder):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return pictures_of(folder, side=8)

    return Case(name, make, gets, act, check)


def _save(array, kind="PNG", **options):
    """Returns what writes an array as an image file."""
    return lambda path: Image.fromarray(array).save(path, kind, **options)


def _bytes(data):
    return lambda path: path.write_bytes(data)


def _file(array, kind="PNG", **options):
    """The bytes of an image file."""
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind, **options)
    return file.getvalue()


def _cut(kind, share=0.6, **options):
    data = _file(noise(3, 64, 64, 3), kind, **options)
    return _bytes(data[: int(share * len(data))])


def _chunk(kind, data):
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(
        ">I", checksum
    )  # fmt: skip


def _png(width, height, rows, *, bits=8, colour=2, extra=b""):
    """A PNG put together by hand."""
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + extra
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )


def _rows(array):
    """The rows of a PNG, each with its filter byte."""
    return b"".join(b"\0" + row.tobytes() for row in array)


def _flipped():
    # Stored without compression: only the checksum can tell.
    data = bytearray(_file(PIXELS, compress_level=0))
    data[len(data) // 2] ^= 1
    return _bytes(bytes(data))


def _link(target):
    return lambda path: os.symlink(target, path)


def _linked(path):
    place = path.parent / ".hidden"
    place.mkdir()
    _save(PIXELS)(place / "x.png")
    os.symlink(place / "x.png", path)


def _animation(kind, first):
    frames = [Image.fromarray(255 - first), Image.fromarray(first // 2)]
    return _save(first, kind, save_all=True, append_images=frames)


def _turned(path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    turned = np.rot90(PIXELS)
    Image.fromarray(turned).save(path, "PNG", exif=exif)


def _palette(path):
    image = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8), "P")
    image.putpalette(PIXELS.tobytes())
    image.save(path, "PNG", transparency=bytes(range(64)))


def _cmyk(path):
    ink = np.empty([32, 32, 4], np.uint8)
    ink[:] = [200, 30, 120, 60]
    Image.fromarray(ink, "CMYK").save(path, "JPEG", quality=98)


def _beside(write):
    """Writes the good image, and something that is no image beside it."""

    def both(path):
        _save(PIXELS)(path.parent / "good.png")
        write(path)

    return both


def _long(folder):
    return folder / ("x" * 251 + ".png")


def _bytes_name(folder):
    return folder / os.fsdecode(b"caf\xe9 \xff.png")


HIGH = np.random.default_rng(4).integers(0, 2**16, (8, 8, 3), np.uint16)
GREY = np.repeat(PIXELS[..., :1], 3, axis=2)
BITS = np.where(GREY > 127, 255, 0)
ALPHA = np.concatenate([PIXELS, noise(7, 8, 8, 1)], axis=2)
LIGHT = np.rint((255 - np.array([200, 30, 120])) * (195 / 255))
HUGE = _png(100_000, 100_000, b"\0" * 99)
BLACK = np.zeros([1, 1, 3])
BOMB = _chunk(b"zTXt", b"a\0\0" + zlib.compress(b" " * 2**27))
HTML = b"<!DOCTYPE html><html><body>404 Not Found</body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)
LINE = noise(8, 1, 3001, 3)
TURN = LINE.transpose(1, 0, 2)
MIDDLE = np.stack(
    [
        (1 - abs(apart)) * LINE[0, 1500]
        + abs(apart) * LINE[0, 1500 + (1 if apart > 0 else -1)]
        for apart in (np.arange(8) + 0.5) / 8 - 0.5
    ]
)

IMAGES = [
    _refused("an empty file", "x.jpg", "the file is empty", _bytes(b"")),
    _refused("text", "x.jpg", NO_IMAGE, _bytes(b"no image\n")),
    _refused("an HTML page", "x.jpg", NO_IMAGE, _bytes(HTML)),
    _refused("an SVG drawing", "x.png", NO_IMAGE, _bytes(SVG)),
    _refused("a HEIC photo", "x.jpg", NO_IMAGE, _bytes(HEIC)),
    _refused("an EPS drawing", "x.png", NO_IMAGE, _save(PIXELS, "EPS")),
    _refused("zeros", "x.jpg", NO_IMAGE, _bytes(bytes(1000))),
    _refused("a JPEG cut short", "x.jpg", ANY, _cut("JPEG")),
    _refused("a PNG cut short", "x.png", ANY, _cut("PNG")),
    _refused("a GIF cut short", "x.gif", ANY, _cut("GIF")),
    _refused("a WebP cut short", "x.webp", ANY, _cut("WEBP", lossless=True)),
    _refused("a BMP cut short", "x.bmp", ANY, _cut("BMP")),
    _refused("a JPEG without its last two bytes", "x.jpg", ANY,
             _bytes(_file(PIXELS, "JPEG")[:-2])),
    _refused("a JPEG's head alone", "x.jpg", ANY, _cut("JPEG", 0.05)),
    _refused(
        "a PNG with a wrong bit",
        "x.png",
        "the file is damaged: wrong checksum",
        _flipped(),
    ),
    _refused(
        "a PNG that says 100,000 by 100,000",
        "x.png",
        f"Image size (10000000000 pixels) exceeds limit{ANY}",
        _bytes(HUGE),
    ),
    _refused(
        "a PNG of 16 bits and 150 million pixels, with --memory-limit=1GiB",
        "x.png",
        f"decoding it takes 1.6{ANY} GiB, and --memory-limit leaves 1.00 GiB",
        _bytes(_png(15000, 10000, b"", bits=16, colour=0)),
        memory_limit=2**30,
    ),
    _refused("a TIFF of 32 bits a channel", "x.tif",
             "32 bits a channel, of which none says what is white",
             _save(PIXELS[..., 0] / np.float32(255), "TIFF")),
    _refused("a TIFF cut short", "x.tif", ANY, _cut("TIFF")),
    _refused("a PNG of no width", "x.png", ANY, _bytes(_png(0, 5, b"\0"))),
    _refused(
        "a PNG whose comment unpacks to 128 MiB",
        "x.png",
        f"Decompressed data too large{ANY}",
        _bytes(_png(8, 8, _rows(PIXELS), extra=BOMB)),
    ),
    _refused("a link to nothing", "x.png", f"No such file{ANY}", _link("y")),
    _refused("a link to itself", "x.png", f"Too many levels{ANY}",
             _link("x.png")),  # fmt: skip
    _refused("a FIFO", "x.jpg", "not a regular file", os.mkfifo),
    _refused("a link to an endless device", "x.jpg", "not a regular file",
             _link("/dev/zero")),  # fmt: skip
    _taken("a PNG called .jpg", "x.jpg", "its pixels", _save(PIXELS)),
    _taken("a TIFF called .png", "x.png", "its pixels", _save(PIXELS, "TIFF")),
    _taken("a TIFF of several pages", "x.tif", "the first",
           _animation("TIFF", PIXELS)),
    _taken("16 bits of grey in a TIFF", "x.tif", "the nearest of 8 bits",
           _save(HIGH[..., 0], "TIFF"), np.rint(HIGH[..., :1] / 257)),
    _taken("a name in capitals", "X.PNG", "its pixels", _save(PIXELS)),
    _taken("a PNG with more after its end", "x.png", "its pixels",
           _bytes(_file(PIXELS) + b"more")),
    _taken("a black PNG of 95 million pixels", "x.png",
           "its pixels, without a warning",
           _bytes(_png(9750, 9750, bytes(9751 * 9750), colour=0)), BLACK),
    _taken("a CMYK JPEG", "x.jpg", "(1 - ink)(1 - black)", _cmyk, LIGHT, 6),
    _taken("16 bits of grey", "x.png", "the nearest of 8 bits",
           _save(HIGH[..., 0]), np.rint(HIGH[..., :1] / 257)),
    _taken("16 bits of RGB", "x.png", "its high bytes",
           _bytes(_png(8, 8, _rows(HIGH.astype(">u2")), bits=16)), HIGH >> 8),
    _taken("an animated GIF", "x.gif", "its first frame",
           _animation("GIF", GREY[..., 0]), GREY),
    _taken("an animated PNG", "x.png", "its first frame",
           _animation("PNG", PIXELS)),
    _taken("an image that EXIF turns", "x.png", "upright", _turned),
    _taken("a broken EXIF block", "x.png", "as it is stored",
           _save(PIXELS, exif=b"Exif\0\0no TIFF")),
    _taken("transparency", "x.png", "colours without it", _save(ALPHA)),
    _taken("a transparent palette", "x.png", "colours without it", _palette),
    _taken("grey", "x.png", "three equal channels",
           _save(PIXELS[..., 0]), GREY),
    _taken("grey with transparency", "x.png", "three equal channels",
           _save(ALPHA[..., [0, 3]]), GREY),
    _taken("black and white", "x.png", "0 and 255",
           _save(PIXELS[..., 0] > 127), BITS),
    _taken("one pixel", "x.png", "a square of its colour",
           _save(PIXELS[:1, :1]), PIXELS[:1, :1]),
    _taken("3,001 by 1 pixels", "x.png", "the middle one, enlarged",
           _save(LINE), MIDDLE[None], 1),
    _taken("1 by 3,001 pixels", "x.png", "the middle one, enlarged",
           _save(TURN), MIDDLE[:, None], 1),
    _taken("a link to an image", "x.png", "its pixels", _linked),
    _taken("a folder called x.jpg", "x.jpg", "left out", _beside(os.mkdir)),
    _taken("a hidden image", ".x.jpg", "left out", _beside(_save(GREY))),
    _taken("half a download", "x.jpg.part", "left out", _beside(_cut("PNG"))),
    _taken("a name in other scripts", "猫 и قطة 🐈.png", "its pixels",
           _save(PIXELS)),
    _taken("a name of two lines", "a\nb.png", "its pixels", _save(PIXELS)),
    _taken("a name of quotes and tags", "\"'<b>$x$&.png", "its pixels",
           _save(PIXELS)),
    _taken("a name with a leading dash", "-x.png", "its pixels",
           _save(PIXELS)),
    _taken("a name that is no UTF-8", _bytes_name, "its pixels",
           _save(PIXELS)),
    _taken("a name of 255 letters", _long, "its pixels", _save(PIXELS)),
]  # fmt: skip
