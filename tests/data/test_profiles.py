"""Pictures of any colour profile become sRGB."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.data import icc
from tests.dirty.case import noise, pictures_of
from tfcmc.data.images import read

P3 = icc.rgb_profile(icc.P3_TO_XYZ)
INKS = np.array([[80, 40, 60], [70, -90, 10], [20, 10, -100], [255, 0, 0]])
PRINTER = icc.cmyk_profile(INKS)
CALM = 96 + noise(5, 8, 8, 3) // 4  # colours that every space here has


def _light(value):
    return np.where(
        value > 0.04045, ((value + 0.055) / 1.055) ** 2.4, value / 12.92
    )


def _bytes(light):
    light = np.clip(light, 0, 1)
    curve = 1.055 * light ** (1 / 2.4) - 0.055
    return 255 * np.where(light > 0.0031308, curve, 12.92 * light)


def _from_p3(pixels):
    """Display P3 to sRGB by the formula, in float64."""
    turn = np.linalg.inv(icc.SRGB_TO_XYZ) @ icc.P3_TO_XYZ
    return _bytes(_light(pixels / 255.0) @ turn.T)


def _from_lab(lab):
    """Lab under D50 to sRGB by CIE 15's formula, in float64."""
    root = (lab[0] + 16) / 116 + np.array([lab[1] / 500, 0, -lab[2] / 200])
    linear = (root - 16 / 116) / 7.787
    xyz = np.array(icc.D50) * np.where(root > 6 / 29, root**3, linear)
    return _bytes(np.linalg.inv(icc.SRGB_TO_XYZ) @ xyz)


def _saved(path, pixels, mode=None, **options):
    Image.fromarray(pixels, mode).save(path, **options)
    return read(path, 8)


@pytest.mark.parametrize("kind", ["png", "tiff", "webp"])
def test_display_p3(tmp_path, kind):
    """As phones save it: within a byte of the formula, at any saturation."""
    options = {"lossless": True} if kind == "webp" else {}
    for pixels in (CALM, noise(6)):
        path = tmp_path / f"a.{kind}"
        got = _saved(path, pixels, icc_profile=P3, **options)
        assert np.abs(got - _from_p3(pixels)).max() <= 1.5
    assert np.abs(got - noise(6).astype(int)).max() > 20


def test_grey_of_another_gamma(tmp_path):
    """A value is light to a power; grey under an RGB profile stays grey."""
    grey = CALM[..., 0]
    profile = icc.grey_profile(1.5)
    got = _saved(tmp_path / "a.png", grey, icc_profile=profile)
    expected = _bytes((grey / 255) ** 1.5)[..., None]
    assert np.abs(got - expected).max() <= 1
    got = _saved(tmp_path / "b.png", grey, icc_profile=P3)
    assert np.abs(got - grey[..., None].astype(int)).max() <= 1


def test_inks_of_a_printer(tmp_path):
    """A CMYK file's colours are its profile's, not the inks' complement."""
    inks = np.full([8, 8, 4], (60, 20, 30, 0), np.uint8)
    got = _saved(
        tmp_path / "a.tif", inks, "CMYK", icc_profile=PRINTER, format="TIFF"
    )
    lab = np.array([255, 128, 128]) - inks[0, 0] / 255 @ INKS
    expected = _from_lab(lab * [100 / 255, 1, 1] - [0, 128, 128])
    assert np.abs(got - expected).max() <= 2
    jpeg = _saved(
        tmp_path / "a.jpg", inks, "CMYK", icc_profile=PRINTER, quality=98
    )
    assert np.abs(jpeg - got.astype(int)).max() <= 5


def test_lab(tmp_path):
    """Lab needs no profile to say what its numbers are."""
    image = Image.frombytes("LAB", (1, 1), bytes([150, 12, 256 - 28]))
    image.save(tmp_path / "a.tif")
    expected = _from_lab([150 / 2.55, 12, -28])
    assert np.abs(read(tmp_path / "a.tif", 1) - expected).max() <= 2


def test_profiles_that_cannot_be_used(tmp_path):
    """The picture is read as it is, and the note says so."""
    for profile in (P3[:200], b"rubbish", icc.grey_profile(2.2), PRINTER):
        Image.fromarray(CALM).save(tmp_path / "a.png", icc_profile=profile)
        pixels, (_, note) = pictures_of(tmp_path, side=8)
        np.testing.assert_array_equal(pixels[0], CALM)
        assert note.startswith("1 picture has a colour profile that cannot")


def test_what_was_converted_is_counted(tmp_path):
    """What is sRGB already, by whatever profile, is left as it is."""
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    other = icc.rgb_profile(icc.SRGB_TO_XYZ)
    for name, profile in zip("abcde", [None, own, other, P3, P3], strict=True):
        Image.fromarray(CALM).save(
            tmp_path / f"{name}.png", icc_profile=profile
        )
    pixels, notes = pictures_of(tmp_path, side=8)
    np.testing.assert_array_equal(pixels[:3], np.stack([CALM] * 3))
    assert notes[1:] == (
        "2 pictures were converted to sRGB from other colour profiles",
    )
