"""Image files of every kind become upright squares of RGB bytes.

What else is odd or broken in a file is among the bad inputs of `tests/dirty`.
"""

import concurrent.futures
import errno
import struct
import time
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from tests.dirty.case import noise
from tfcmc.data import images
from tfcmc.data.formats import is_image, other_kind
from tfcmc.data.images import (
    ImageError,
    decode_image,
    quiet,
    read,
    resize,
    size,
)
from tfcmc.data.room import Room, needed

PIXELS = noise(2, 8, 12, 3)
CENTRE = PIXELS[:, 2:10]


def _save(path, array, **options):
    Image.fromarray(array).save(path, **options)
    return path


@pytest.mark.parametrize(
    "kind",
    ["png", "bmp", "webp", "gif", "tiff", "jpeg2000", "ppm", "tga", "pcx"],
)
def test_lossless_formats_keep_every_pixel(tmp_path, kind):
    """The middle square comes back as it was, whatever the file's name."""
    pixels, options = PIXELS, {}
    if kind == "gif":
        pixels = np.repeat(pixels[..., :1], 3, axis=2)
    if kind == "webp":
        options = {"lossless": True}
    path = _save(tmp_path / "a.jpg", pixels, format=kind, **options)
    np.testing.assert_array_equal(read(path, 8), pixels[:, 2:10])
    assert size(path) == (12, 8)


def _shrunk(pixels, side):
    """Shrinks 8 by 12 pixel by pixel, with weights that fall linearly.

    Pixels beside the middle square weigh in at its rim: first scaled, then
    cut.
    """
    step = 8 / side
    out = np.empty([side, side, 3])
    for row, column in np.ndindex(side, side):
        total, colour = 0, np.zeros(3)
        for r, c in np.ndindex(8, 12):
            down = abs((r + 0.5) / step - row - 0.5)
            across = abs((c - 2 + 0.5) / step - column - 0.5)
            weight = max(0, 1 - down) * max(0, 1 - across)
            total += weight
            colour += weight * pixels[r, c]
        out[row, column] = colour / total
    return out


@pytest.mark.parametrize("side", [4, 3])
def test_shrinking_counts_all_pixels(tmp_path, side):
    """No pixel is left out: each counts by its distance from the new one."""
    path = _save(tmp_path / "a.png", PIXELS)
    assert np.abs(read(path, side) - _shrunk(PIXELS, side)).max() <= 1


def test_resize_of_arrays():
    """Arrays are cut and shrunk as files are; fitting ones are untouched."""
    pictures = np.stack([PIXELS, PIXELS[::-1]])
    cut = resize(pictures, 8)
    np.testing.assert_array_equal(cut, np.stack([CENTRE, CENTRE[::-1]]))
    assert resize(cut, 8) is cut
    halves = [_shrunk(picture, 4) for picture in pictures]
    assert np.abs(resize(pictures, 4) - halves).max() <= 1
    assert resize(pictures, 20).shape == (2, 20, 20, 3)


# The numbers of EXIF orientation: how the stored array is turned to be seen.
ORIENTATIONS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a.swapaxes(0, 1)[::-1],
}


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_exif_orientation_is_applied(tmp_path, orientation):
    """A picture is turned as its camera says, before it is cut."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = _save(tmp_path / "a.png", PIXELS, exif=exif)
    seen = ORIENTATIONS[orientation](PIXELS)
    expected = seen[:, 2:10] if seen.shape[0] == 8 else seen[2:10]
    np.testing.assert_array_equal(read(path, 8), expected)


def test_large_jpeg_decoded_small_is_the_same_picture(tmp_path):
    """Decoding at a fraction of the size hardly changes the result."""
    down, across = np.mgrid[:640, :800]
    waves = 127 + 100 * np.sin(down / 60)[..., None] * np.cos(
        across[..., None] / np.array([40, 70, 110])
    )
    path = _save(tmp_path / "a.jpg", waves.astype(np.uint8), quality=95)
    square = waves[:, 80:720]
    expected = square.reshape(32, 20, 32, 20, 3).mean(axis=(1, 3))
    assert np.abs(read(path, 32) - expected).max() < 5


def test_errors_name_the_file(tmp_path):
    """Whether only the head is asked for, or all of it."""
    (tmp_path / "text.png").write_text("not an image")
    (tmp_path / "folder.png").mkdir()
    for name, why in (
        ("text.png", "not an image of a kind"),
        ("folder.png", "not a regular file"),
        ("missing.png", "No such file"),
    ):
        for reader in (size, lambda path: read(path, 8)):
            with pytest.raises(ImageError, match=f"{name}.*{why}") as caught:
                reader(tmp_path / name)
            assert caught.value.path == tmp_path / name


def _tiff(width, length, tile, samples=1):
    """The head of a grey TIFF of one tile."""
    tags = {256: width, 257: length, 258: 8, 259: 8, 262: 1, 277: samples}
    tags |= {322: tile, 323: tile, 324: 8, 325: 4}
    entries = [struct.pack("<HHII", t, 4, 1, v) for t, v in tags.items()]
    count = struct.pack("<H", len(tags))
    return b"II*\0\x0c\0\0\0" + bytes(4) + count + b"".join(entries) + bytes(4)


def test_what_pillow_logs_is_kept_off_the_screen(tmp_path, caplog):
    """A TIFF of too many channels is told once, by us."""
    (tmp_path / "a.tif").write_bytes(_tiff(8, 8, 16, samples=200))
    with quiet(), pytest.raises(ImageError):
        read(tmp_path / "a.tif", 8)
    assert not caplog.records


def test_what_the_machine_fails_at_is_no_bad_image(tmp_path, monkeypatch):
    """One that could be read another time is not left out for good."""
    path = _save(tmp_path / "a.png", PIXELS)

    def refuse(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(images, "_stream", refuse)
    with pytest.raises(OSError, match="Too many"):
        read(path, 8)


def test_names_of_images():
    """Extensions count in any case; hidden files never do."""
    read_ones = "a.JPG b.jpeg c.Png d.webp e.tif f.TIFF g.jfif h.jp2 i.mpo"
    assert all(map(is_image, read_ones.split()))
    others = ["a.HEIC", "b.cr2", "c.dng", "d.svg", "e.mp4", "f.eps", "g.ico"]
    assert list(map(other_kind, others)) == [n.lower()[1:] for n in others]
    neither = [".a.jpg", ".b.heic", "a.txt", "jpg", "a.jpg.part", "a.pdf"]
    assert not any(map(is_image, [*others, *neither]))
    assert not any(map(other_kind, [*read_ones.split(), *neither]))


@pytest.mark.parametrize(
    ("kind", "least"),
    [("png", 64), ("webp", 64), ("tile", 60000), ("progressive", 64)],
)
def test_memory_is_asked_for_before_it_is_taken(tmp_path, kind, least):
    """From the head alone; what cannot be had is told with the setting."""
    path = tmp_path / "a.x"
    if kind == "tile":
        path.write_bytes(_tiff(8, 8, least))
    elif kind == "progressive":
        Image.new("RGB", (64, 64)).save(path, "JPEG", progressive=True)
    else:
        Image.new("RGB", (64, 64)).save(path, kind.upper())
    with Image.open(path) as image:
        wanted = needed(image, image.size, path.stat().st_size)
    assert wanted > 8 * least**2
    with pytest.raises(ImageError, match="takes.*GiB, and --memory-limit"):
        decode_image(path, 64, Room(wanted - 1))


def test_sixteen_bits_take_little_memory(tmp_path):
    """They are scaled down before they become 8 bits."""
    path = _save(tmp_path / "a.png", np.zeros([1500, 1500], np.uint16))
    read(path, 8)  # what is imported now is not counted below
    tracemalloc.start()
    try:
        read(path, 8)
        assert tracemalloc.get_traced_memory()[1] < 1500 * 1500
    finally:
        tracemalloc.stop()


def test_room_is_shared():
    """Threads wait for each other, and never hold more than there is."""
    room, held, most = Room(100), [], []

    def work(wanted):
        with room.take(wanted):
            held.append(wanted)
            most.append(sum(held))
            time.sleep(0.002)
            held.remove(wanted)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [40, 60, 100, 1, 70, 30, 55, 45] * 4))
    assert max(most) <= 100
    with pytest.raises(ValueError, match="--memory-limit leaves"):
        work(101)
