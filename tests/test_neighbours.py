"""The neighbours command."""

import numpy as np
import pytest
from PIL import Image

from tfcmc.data.images import read
from tfcmc.data.pictures import ArrayPictures
from tfcmc.experiment.architecture import open_trained
from tfcmc.experiment.data import read_source
from tfcmc.experiment.recipe import stored_plan
from tfcmc.report import figures
from tfcmc.report.figures.neighbours import Neighbour
from tfcmc.runs.folder import Run
from tfcmc.using import neighbours as module
from trainers import neighbours


@pytest.fixture
def image(tmp_path, rng):
    """An image file of no run's data, with a name that is odd to draw."""
    path = tmp_path / "a $\\frac$ 中.png"
    Image.fromarray(rng.integers(0, 256, (50, 80, 3), np.uint8)).save(path)
    return path


def cosines_by_hand(run_folder, image, pictures):
    """The cosine of an image and each picture, in double precision."""
    architecture, branches = open_trained(*stored_plan(run_folder))
    reader = architecture.reader(branches)
    both = [read(image, 64)[None], pictures]
    query, others = (
        reader.encode(ArrayPictures(p)).joined().astype(np.float64)
        for p in both
    )
    lengths = np.linalg.norm(others, axis=1) * np.linalg.norm(query)
    return (others @ query[0]) / lengths


def stands(figure):
    """What a sheet shows: the image, and each row of what was found.

    Each as `(picture, title, caption)`, by where it stands.
    """
    rows = {}
    for axes in figure.axes:
        place, (shown,) = axes.get_position(), axes.images
        told = shown.get_array(), axes.get_title(), axes.get_xlabel()
        rows.setdefault(round(-place.y0, 3), []).append((place.x0, told))
    (_, image), *first = sorted(rows.pop(min(rows)), key=lambda row: row[0])
    rest = [sorted(rows[y], key=lambda row: row[0]) for y in sorted(rows)]
    return image, [[told for _, told in row] for row in [first, *rest]]


@pytest.fixture
def sheets(monkeypatch):
    """The figures that the command draws."""
    drawn, draw = [], figures.neighbours_sheet
    monkeypatch.setattr(
        figures, "neighbours_sheet", lambda *what: drawn.append(draw(*what))
    )
    return drawn


@pytest.mark.parametrize(
    ("count", "rows"),
    [(1, [1]), (3, [3]), (6, [3, 3]), (11, [4, 4, 3]), (30, [5] * 6)],
)
def test_sheet(count, rows, drawn, rng):
    """The nearest first, row by row beside the image; cosines and names."""
    query, *pictures = rng.integers(0, 256, (1 + count, 9, 9, 3), np.uint8)
    found = [
        Neighbour(
            cosine=1 - 0.0123 * number,
            label="" if number % 2 else f"class $\\frac$ {number}",
            where=f"{'long/' * 9}{number}.png",
            picture=picture,
        )
        for number, picture in enumerate(pictures)
    ]
    told = "nearest of some\nby a run"
    figure = drawn(figures.neighbours_sheet, query, "a.png", found, told)
    assert figure.get_suptitle().split("\n") == told.split("\n")
    image, near = stands(figure)
    np.testing.assert_array_equal(image[0], query)
    assert image[1:] == ("the image", "a.png")
    assert [len(row) for row in near] == rows
    shown = [each for row in near for each in row]
    for (picture, title, caption), want in zip(shown, found, strict=True):
        np.testing.assert_array_equal(picture, want.picture)
        assert title == f"cosine {want.cosine:.3f}"
        caption = caption.replace("\n", "")
        if want.label:
            assert caption == want.label
        else:  # the end is what tells files
            assert caption == "…" + want.where[-41:]


def test_among_the_runs_test_pictures(trained, image, capsys, sheets):
    """The nearest by a full sort, with their classes, printed and drawn."""
    neighbours.main([str(trained[0]), str(image)])
    printed = capsys.readouterr().out.splitlines()
    source = read_source(stored_plan(trained[0])[0])
    pictures = source.test.pictures.read(np.arange(160))
    cosines = cosines_by_hand(trained[0], image, pictures)
    order = np.argsort(-cosines)[:8]
    rows = [line.split() for line in printed if " cosine " in line]
    assert [int(row[-1]) for row in rows] == order.tolist()
    for row, number in zip(rows, order, strict=True):
        assert float(row[2]) == pytest.approx(cosines[number], abs=6e-4)
        name = source.class_names[source.test.labels[number]]
        assert " ".join(row[3:-2]) == name
    assert "among 160 pictures of shapes" in "".join(printed)
    drawn = neighbours.sheet_of(Run(trained[0]), str(image))
    assert drawn.read_bytes().startswith(b"\x89PNG")
    (sheet,) = sheets
    assert "160 pictures of shapes" in sheet.get_suptitle()
    (query, *_), near = stands(sheet)
    np.testing.assert_array_equal(query, read(image, 64))
    shown = [each for row in near for each in row]
    for (picture, title, _), row in zip(shown, rows, strict=True):
        np.testing.assert_array_equal(picture, pictures[int(row[-1])])
        assert title == f"cosine {row[2]}"


def test_each_image_has_its_sheet(tmp_path, monkeypatch):
    """Also of images of one name; however its path is written."""
    run = Run(tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    names = ["a/x.jpg", "b/x.jpg", "b/x.png", "./a/x.jpg"]
    one, other, third, again = (neighbours.sheet_of(run, n) for n in names)
    assert len({one, other, third}) == 3 and again == one
    assert one.name.startswith("neighbours-x-") and one.suffix == ".png"


def test_among_a_folder(trained, image, tmp_path, capsys, rng, refused):
    """Every picture beneath it, by file name; the image itself is not."""
    album = tmp_path / "album"
    (album / "test" / "x").mkdir(parents=True)
    for number in range(5):
        pixels = rng.integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(pixels).save(album / f"test/x/{number}.png")
    Image.open(image).save(album / "copy.png")
    out = tmp_path / "sheet.png"
    words = [trained[0], image, f"--data=folder:{album}", f"--out={out}"]
    neighbours.main([*map(str, words), "--count=100"])
    printed = capsys.readouterr().out
    assert "among 5 pictures" in printed and "copy.png" not in printed
    assert printed.count("test/x/") == 5
    width, height = Image.open(out).size
    assert width > height > 100
    neighbours.main([*map(str, words), "--count=1"])
    assert capsys.readouterr().out.count(" cosine ") == 1
    for path in album.glob("test/x/*"):
        path.unlink()
    assert "other than the image" in refused(neighbours.main, *words)


def test_batches_in_any_order(trained, image):
    """The nearest are the same however the pictures come by."""
    plan, run = stored_plan(trained[0])
    architecture, branches = open_trained(plan, run)
    reader = architecture.reader(branches)
    pictures = read_source(plan).pretrain.read(np.arange(60))
    query = read(image, 64)

    def found(numbers, size):
        batches = [
            (
                {"name": [str(n) for n in numbers[start : start + size]]},
                pictures[numbers[start : start + size]],
            )
            for start in range(0, 60, size)
        ]
        near, searched = module.nearest(reader, query, batches, 7)
        assert searched == 60
        return [one.where for one in near]

    assert found(np.arange(60), 60) == found(np.arange(60)[::-1], 13)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["gone.png"], "an image file"),
        (["odd.png", "--count=some"], "--count"),
        (["odd.png", "--count=0"], "at least 1"),
        (["odd.png", "--out=sheet.pdf"], ".png"),
        (["odd.png", "--data=folder:/nowhere"], "/nowhere"),
        (["odd.png"], "not an image of a kind"),
        ([], "required"),
    ],
)
def test_mistakes(words, told, trained, tmp_path, monkeypatch, refused):
    """Plain lines, before the data are read."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd.png").write_bytes(b"no image")
    assert told in refused(neighbours.main, trained[0], *words)
