"""Image files of every kind become upright squares of RGB bytes."""

import concurrent.futures
import os
import struct
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

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


@pytest.fixture
def pixels():
    """A random picture of 8 rows and 12 columns."""
    generator = np.random.default_rng(2)
    return generator.integers(0, 256, (8, 12, 3), np.uint8)


def _save(path, array, **options):
    Image.fromarray(array).save(path, **options)
    return path


def _centre(pixels):
    """The middle square of 8 by 12, by hand."""
    return pixels[:, 2:10]


@pytest.mark.parametrize(
    "kind",
    ["png", "bmp", "webp", "gif", "tiff", "jpeg2000", "ppm", "tga", "pcx"],
)
def test_lossless_formats_keep_every_pixel(tmp_path, pixels, kind):
    """The middle square comes back as it was, whatever the file's name."""
    if kind == "gif":
        pixels = np.repeat(pixels[..., :1], 3, axis=2)
    options = {"lossless": True} if kind == "webp" else {}
    path = tmp_path / "a.jpg"
    _save(path, pixels, format=kind, **options)
    np.testing.assert_array_equal(read(path, 8), _centre(pixels))
    assert size(path) == (12, 8)


def _shrunk(pixels, side):
    """Shrinks 8 by 12 pixel by pixel, with weights that fall linearly.

    Pixels beside the middle square weigh in at its rim: first scaled, then
    cut.
    """
    step = 8 / side
    out = np.empty([side, side, 3])
    for row in range(side):
        for column in range(side):
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
def test_shrinking_counts_all_pixels(tmp_path, pixels, side):
    """No pixel is left out: each counts by its distance from the new one."""
    path = _save(tmp_path / "a.png", pixels)
    expected = _shrunk(pixels, side)
    assert np.abs(read(path, side) - expected).max() <= 1


def test_growing_blends(tmp_path):
    """A picture that grows changes gradually, not by blocks."""
    pixels = np.zeros([2, 2, 3], np.uint8)
    pixels[:, 1] = 200
    row = read(_save(tmp_path / "a.png", pixels), 8)[0, :, 0]
    assert row[0] == 0 and row[-1] == 200
    assert (np.diff(row.astype(int)) > 0).sum() >= 4


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
def test_exif_orientation_is_applied(tmp_path, pixels, orientation):
    """A picture is turned as its camera says, before it is cut."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = _save(tmp_path / "a.png", pixels, exif=exif)
    upright = ORIENTATIONS[orientation](pixels)
    wide = upright if upright.shape[0] == 8 else upright.swapaxes(0, 1)
    expected = wide[:, 2:10]
    if upright.shape[0] != 8:
        expected = expected.swapaxes(0, 1)
    np.testing.assert_array_equal(read(path, 8), expected)


def test_broken_exif_does_not_matter(tmp_path, pixels):
    """A picture with a garbled EXIF block is read as it is stored."""
    path = tmp_path / "a.png"
    _save(path, pixels, exif=b"Exif\0\0garbage that is no TIFF at all")
    np.testing.assert_array_equal(read(path, 8), _centre(pixels))


def test_transparency_is_dropped(tmp_path, pixels):
    """A transparent pixel keeps its colour."""
    alpha = np.arange(96, dtype=np.uint8).reshape(8, 12, 1) * 2
    path = _save(tmp_path / "a.png", np.concatenate([pixels, alpha], axis=2))
    np.testing.assert_array_equal(read(path, 8), _centre(pixels))


@pytest.mark.filterwarnings("error")
def test_palette_with_transparency(tmp_path):
    """A palette's colours are looked up, its transparency is dropped."""
    generator = np.random.default_rng(3)
    palette = generator.integers(0, 256, (4, 3), np.uint8)
    indices = generator.integers(0, 4, (6, 6), np.uint8)
    image = Image.frombytes("P", (6, 6), indices.tobytes())
    image.putpalette(palette.tobytes())
    path = tmp_path / "a.png"
    image.save(path, transparency=bytes([0, 255, 128, 9]))
    np.testing.assert_array_equal(read(path, 6), palette[indices])


def test_sixteen_bits_of_grey_are_scaled(tmp_path):
    """65,535 becomes 255 and all below in proportion."""
    values = np.array(
        [[0, 257, 65535], [128, 129, 32768], [300, 40000, 65400]], np.uint16
    )
    path = _save(tmp_path / "a.png", values)
    expected = np.rint(values / 257).astype(np.uint8)
    for channel in range(3):
        np.testing.assert_array_equal(read(path, 3)[..., channel], expected)


def test_grey_and_black_and_white(tmp_path):
    """One channel becomes three equal ones."""
    grey = np.array([[3, 200], [90, 41]], np.uint8)
    path = _save(tmp_path / "a.png", grey)
    np.testing.assert_array_equal(read(path, 2), np.stack([grey] * 3, axis=2))
    bits = Image.fromarray(grey > 60)
    bits.save(tmp_path / "b.png")
    expected = np.where(grey > 60, 255, 0)
    np.testing.assert_array_equal(
        read(tmp_path / "b.png", 2)[..., 1], expected
    )


def test_cmyk_jpeg(tmp_path):
    """Ink becomes light: (1 - ink) * (1 - black), to JPEG's exactness."""
    ink = np.empty([32, 32, 4], np.uint8)
    ink[:] = [200, 30, 120, 60]
    path = tmp_path / "a.jpg"
    Image.fromarray(ink, "CMYK").save(path, quality=98)
    expected = (255 - ink[0, 0, :3].astype(float)) * (255 - 60) / 255
    assert np.abs(read(path, 8) - expected).max() <= 6


def test_first_frame_of_an_animation(tmp_path):
    """Of an animated GIF the first frame is read."""
    first, second = (
        np.full([6, 6, 3], value, np.uint8) for value in (30, 220)
    )
    path = tmp_path / "a.gif"
    Image.fromarray(first).save(
        path, save_all=True, append_images=[Image.fromarray(second)]
    )
    assert np.abs(read(path, 6).astype(int) - 30).max() <= 2


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


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp", "bmp"])
@pytest.mark.parametrize("share", [0.1, 0.6])
def test_truncated_files_are_told(tmp_path, kind, share):
    """A file that ends early names itself in the error."""
    generator = np.random.default_rng(4)
    path = tmp_path / "cut.png"
    _save(path, generator.integers(0, 256, (64, 64, 3), np.uint8), format=kind)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ImageError, match="cut.png") as caught:
        read(path, 16)
    assert "\n" not in str(caught.value)
    assert caught.value.path == path and caught.value.why


def test_files_that_are_no_images(tmp_path):
    """Text, an empty file, another format, a folder, nothing: all told."""
    (tmp_path / "text.png").write_text("not an image")
    (tmp_path / "empty.png").touch()
    Image.new("RGB", (4, 4)).save(tmp_path / "eps.png", format="EPS")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    expected = {
        "text.png": "not an image of a kind",
        "empty.png": "empty",
        "eps.png": "not an image of a kind",
        "folder.png": "not a regular file",
        "pipe.png": "not a regular file",
        "missing.png": "No such file",
    }
    for name, why in expected.items():
        for reader in (size, lambda path: read(path, 8)):
            with pytest.raises(ImageError, match=f"{name}.*{why}"):
                reader(tmp_path / name)


def _chunk(kind, data):
    body = kind + data
    return (
        struct.pack(">I", len(data))
        + body
        + struct.pack(">I", zlib.crc32(body))
    )


@pytest.mark.parametrize(("width", "height"), [(60000, 60000), (0, 5)])
def test_sizes_beyond_reason(tmp_path, width, height):
    """A head that promises gigabytes, or nothing, is refused unread."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(b"\0" * 9))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data + _chunk(b"IEND", b""))
    with pytest.raises(ImageError, match="bomb.png"):
        read(path, 8)


def test_resize_of_arrays(pixels):
    """Arrays are cut and shrunk as files are; fitting ones are untouched."""
    pictures = np.stack([pixels, pixels[::-1]])
    cut = resize(pictures, 8)
    np.testing.assert_array_equal(cut[0], pixels[:, 2:10])
    np.testing.assert_array_equal(cut[1], pixels[::-1, 2:10])
    assert resize(cut, 8) is cut
    halves = [_shrunk(picture, 4) for picture in pictures]
    assert np.abs(resize(pictures, 4) - halves).max() <= 1
    assert resize(pictures, 20).shape == (2, 20, 20, 3)


def test_what_pillow_logs_is_kept_off_the_screen(tmp_path, caplog):
    """A TIFF of too many channels is told once, by us."""
    samples = struct.pack("<HHII", 277, 4, 1, 200)
    data = _tiff(8, 8, 16).replace(struct.pack("<HHII", 277, 4, 1, 1), samples)
    (tmp_path / "a.tif").write_bytes(data)
    with quiet(), pytest.raises(ImageError):
        read(tmp_path / "a.tif", 8)
    assert not caplog.records


def test_names_of_images():
    """Extensions count in any case; hidden files never do."""
    read_ones = "a.JPG b.jpeg c.Png d.webp e.tif f.TIFF g.jfif h.jp2 i.mpo"
    assert all(map(is_image, read_ones.split()))
    others = ["a.HEIC", "b.cr2", "c.dng", "d.svg", "e.mp4", "f.eps", "g.ico"]
    assert [other_kind(name)[1:] for name in others] == [
        name.lower()[2:] for name in others
    ]
    neither = [".a.jpg", ".b.heic", "a.txt", "jpg", "a.jpg.part", "a.pdf"]
    assert not any(map(is_image, [*others, *neither]))
    assert not any(map(other_kind, [*read_ones.split(), *neither]))


def _tiff(width, length, tile):
    """The head of a grey TIFF of one tile."""
    tags = {256: width, 257: length, 258: 8, 259: 8, 262: 1, 277: 1}
    tags |= {322: tile, 323: tile, 324: 8, 325: 4}
    entries = [struct.pack("<HHII", t, 4, 1, v) for t, v in tags.items()]
    count = struct.pack("<H", len(tags))
    return b"II*\0\x0c\0\0\0" + bytes(4) + count + b"".join(entries) + bytes(4)


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
