"""Pictures that stay encoded files, and what stands in for a bad one."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.dirty.case import noise
from tfcmc.data.base import Reading
from tfcmc.data.decode import read_parts
from tfcmc.data.encoded import EncodedPictures
from tfcmc.data.images import Encoded, ImageError, read
from tfcmc.data.room import Room
from tfcmc.data.walk import walk_parts
from tfcmc.foundation.errors import UsageError

BAD = {3, 4, 6}
LABELS = np.array([0, 1, 0, 1, 1, 0, 2, 0])


class Files:
    """Eight files of which some are no images, or cannot be got at."""

    def __len__(self):
        return len(LABELS)

    def files(self, numbers):
        found = []
        for number in numbers:
            stream = io.BytesIO()
            Image.fromarray(noise(number, 9, 12, 3)).save(stream, "PNG")
            content = b"none" if number in BAD else stream.getvalue()
            found.append(Encoded(f"picture {number}", content))
            if number == 4:
                found[-1] = ImageError(found[-1], "gone")
        return found


def want(number):
    return read(Files().files([number])[0], 6)


def test_nearest_of_its_label(capsys):
    """By number, the lower of two; told once, in whatever order."""
    pictures = EncodedPictures(Files(), 6, Room(2**20), "skip", LABELS)
    numbers = [4, 0, 3, 3, 5]
    for _ in range(2):
        got = pictures.read(np.array(numbers))
        for picture, number in zip(got, [1, 0, 1, 1, 5], strict=True):
            np.testing.assert_array_equal(picture, want(number))
    told = sorted(capsys.readouterr().err.splitlines())
    assert told == [
        "note: 'picture 3': not an image of a kind that is read (JPEG, PNG, "
        "TIFF, ...); skipped: 'picture 1' in its place",
        "note: 'picture 4': gone; skipped: 'picture 1' in its place",
    ]
    with pytest.raises(UsageError, match="Received: 'picture 6'"):
        pictures.read([6])  # alone of its label
    unlabelled = EncodedPictures(Files(), 6, Room(2**20), "skip")
    np.testing.assert_array_equal(unlabelled.read([4, 6])[0], want(5))


@pytest.mark.parametrize("size", [1, 3, 256])
@pytest.mark.parametrize("kept", [True, False])
def test_walked_over(size, kept, monkeypatch, capsys):
    """By their numbers; what stands for another has none."""
    monkeypatch.setattr("tfcmc.data.walk.BATCH", size)
    labels, files = LABELS, Files().files(range(8))
    pictures = EncodedPictures(Files(), 6, Room(2**20), "skip")
    if kept:
        files[4] = Encoded("picture 4", b"none")
        found, marks, _ = read_parts(
            {"train": zip(files, LABELS, strict=True)},
            {"train": 8},
            6,
            Reading(on_bad_image="skip"),
        )
        pictures, labels = found["train"], np.array(marks["train"])
    names = ("ant", "bee", "cat")
    walked = walk_parts([("train", pictures, labels)], names)
    found = {"number": [], "class": []}
    for columns, batch in walked.batches:
        assert columns["part"] == ["train"] * len(batch)
        for name, values in found.items():
            values += columns[name]
        for number, picture in zip(columns["number"], batch, strict=True):
            np.testing.assert_array_equal(picture, want(number))
    assert found["number"] == [n for n in range(8) if n not in BAD]
    assert found["class"] == [names[LABELS[n]] for n in found["number"]]


def test_stops(capsys):
    pictures = EncodedPictures(Files(), 6, Room(2**20))
    with pytest.raises(UsageError, match="only images that can be read") as e:
        pictures.read([0, 4])
    assert str(e.value).endswith("Received: 'picture 4': gone")
    assert not capsys.readouterr().err
