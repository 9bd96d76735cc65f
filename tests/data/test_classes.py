"""Class folders alone: what is held out, what is told, what is refused."""

import numpy as np
import pytest
from PIL import Image

from tests.dirty.case import all_of, noise, source_of
from tfcmc.data.validation import SPLIT_OFF
from tfcmc.foundation.errors import UsageError

SIZES = {"ant": 12, "bee": 5, "cow": 2, "dog": 1}
MAYBE = "where its 4 folders are classes, --data=classes:DIR holds a fifth"


@pytest.fixture
def album(tmp_path):
    """Pictures of each class in a folder of its own, some further down."""
    pixels = {}
    for number, (name, size) in enumerate(SIZES.items()):
        place = tmp_path / "album" / name / "deep"
        place.mkdir(parents=True)
        pixels[name] = noise(number, size, 12, 12, 3)
        for row, picture in enumerate(pixels[name]):
            inner = place if row % 2 else place.parent
            Image.fromarray(picture).save(inner / f"{row:02d}.png")
    return tmp_path / "album", pixels


def test_a_fifth_of_each_class_is_held_out(album):
    """Every picture once, by its class; the same again, and never learnt."""
    folder, pixels = album
    source = source_of(f"classes:{folder}")
    assert source.class_names == tuple(SIZES)
    assert source.notes == (SPLIT_OFF,) and not source.unseen
    assert source.pretrain is source.probe_train.pictures
    parts = source.probe_train, source.test
    counts = [np.bincount(part.labels, minlength=4).tolist() for part in parts]
    assert counts == [[10, 4, 1, 1], [2, 1, 1, 0]]
    found = {}
    for part in parts:
        shown = zip(all_of(part.pictures), part.labels, strict=True)
        found |= {each.tobytes(): label for each, label in shown}
    want = {
        picture.tobytes(): label
        for label, name in enumerate(SIZES)
        for picture in pixels[name]
    }
    assert found == want
    again = source_of(f"classes:{folder}").test.pictures
    np.testing.assert_array_equal(all_of(again), all_of(parts[1].pictures))


def test_a_folder_tells_of_it(album):
    """As it is read it has no classes; with loose pictures it never has."""
    folder, _ = album
    skipped, told = source_of(f"folder:{folder}").notes
    assert "the probe is skipped" in skipped and told.startswith(MAYBE)
    Image.fromarray(noise(9, 12, 12, 3)).save(folder / "loose.png")
    assert len(source_of(f"folder:{folder}").notes) == 1
    with pytest.raises(UsageError, match="one a class. Received: .*loose"):
        source_of(f"classes:{folder}")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("one", "two folders of images at least, one a class.* with 1"),
        ("parts", "whose test and train are read by folder:DIR"),
        ("nowhere", "classes:DIR, with an existing folder"),
    ],
)
def test_what_are_no_classes(album, place, told):
    """One folder, parts that are apart, none at all."""
    folder, _ = album
    for part in ("train", "test"):
        (folder.with_name("parts") / part).mkdir(parents=True)
        for name in ("a", "b"):
            inner = folder.with_name("parts") / part / name
            inner.mkdir()
            Image.fromarray(noise(1, 12, 12, 3)).save(inner / "x.png")
    (folder.parent / "one").mkdir()
    (folder / "ant").rename(folder.parent / "one" / "ant")
    with pytest.raises(UsageError, match=told):
        source_of(f"classes:{folder.parent / place}")
