"""A study as a command: its file, what it runs, and what it says."""

import csv
import itertools
import os
import types

import numpy as np
import pytest

from tests.here import in_this_process, ran
from tests.plain import leave_out_what_is_not_asserted
from tfcmc.commands import study as command
from tfcmc.foundation.errors import UsageError
from tfcmc.runs.folder import Run
from tfcmc.studies import words, writing
from tfcmc.studies.effects import Effect, effects
from tfcmc.studies.file import make_study, read_study
from tfcmc.studies.runs import (
    Cell,
    expected_seconds,
    paired,
    plan_cells,
    with_options,
)
from trainers import study

FILE = """
seeds = [0, 1]
cells = 3

[settings]
data = "shapes(size=160)"
epochs = 1
batch_size = 16
side = 32
evaluate = "brief"
encoder = "paper(width=0.3)"

[axes]
loss = ["softmax", "vicreg"]

[axes.crops]
apart = {geometry = "independent"}
"at one place" = {geometry = "shared", pictures = 100, picture_side = 48}
"""


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    """A study that had no time first, and then was made."""
    place = tmp_path_factory.mktemp("study")
    (place / "asked.toml").write_text(FILE)
    folder = place / "found"
    asked = [str(place / "asked.toml"), f"--run-dir={folder}"]
    with in_this_process(), pytest.MonkeyPatch.context() as patch:
        leave_out_what_is_not_asserted(patch)
        # One run is made before anything is known of their time.
        with pytest.MonkeyPatch.context() as late:
            late.setattr(
                command, "expected_seconds", lambda _, done: 1e9 * len(done)
            )
            first = ran(study.main, [*asked, "--time=10min"])
        second = ran(study.main, asked)
    return types.SimpleNamespace(folder=folder, first=first, second=second)


def test_in_time(studied):
    """What would not end in time is left, and made by the next call."""
    code, printed, _ = studied.first
    assert code == 0 and "3 of 4 combinations, 2 seeds, 6 runs" in printed
    assert "is left for later" in printed
    assert "fewer than two combinations are finished" in printed
    code, printed, told = studied.second
    assert code == 0, told
    assert (
        printed.count("done:") == 5 and "1 of 6 runs are finished" in printed
    )
    assert len(list(studied.folder.glob("*/metrics.json"))) == 6


def test_written(studied):
    """A row a run; the report and the text say the same."""
    folder = studied.folder
    with open(folder / "runs.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6 and {row["seed"] for row in rows} == {"0", "1"}
    with open(folder / "table.csv", newline="", encoding="utf-8") as file:
        table = {row["label"]: row for row in csv.DictReader(file)}
    for label, row in table.items():
        own = [
            float(each["linear_probe"])
            for each in rows
            if f"{each['loss']} · {each['crops']}" == label
        ]
        assert float(row["linear_probe"]) == pytest.approx(np.mean(own))
    assert sum(float(row["best"]) for row in table.values()) == pytest.approx(
        100
    )
    text = (folder / "study.md").read_text("utf-8")
    page = (folder / "report.html").read_text("utf-8")
    for told in (
        "3 of 4 combinations were run",
        "By the linear probe",
        "Over loss: ",
        "Over crops: ",
        "Nothing is both as quick and better than",
    ):
        assert told in text and told in page
    assert "## loss\n" in text and "loss at each readout" in text
    assert page.count("data:image/png;base64") == 3


def test_words_of_what_is_there():
    """Sentences of numbers that were made up to say so."""
    axes = {"loss": ("a", "b"), "frame": ("x", "y")}
    crossed = {("a", "x"): 60, ("b", "x"): 50, ("a", "y"): 40, ("b", "y"): 55}
    shaken = np.random.default_rng(1).normal(0, 0.2, [3, 4])
    observed = {
        seed: {
            cell: value + 5 * seed + noise
            for (cell, value), noise in zip(
                crossed.items(), shaken[seed], strict=True
            )
        }
        for seed in range(3)
    }
    found = effects(observed, axes)
    told = words.interactions_words([found["loss", "frame"]])
    assert "another leads: a with x, b with y" in told
    assert "a is 10." in told or "a is 9." in told
    cells, values = paired(observed)
    labels = [" ".join(cell) for cell in cells]
    sure = words.ranking_words(
        labels, values, np.array([0.97, 0.01, 0.01, 0.01]), "linear probe", 4
    )
    assert sure.startswith("By the linear probe a x leads with 65.")
    assert sure.endswith("the best with a probability of 0.97.")
    # Of many that are alike, the first is told of however little.
    many = words.ranking_words(
        labels, values, np.full(4, 0.025), "linear probe", 4
    )
    assert many.endswith("the probabilities are a x 0.03.")
    doubt = words.ranking_words(
        labels, values, np.array([0.6, 0.3, 0.07, 0.03]), "kNN", 6
    )
    assert "are a x 0.60, b x 0.30, a y 0.07. 2 combinations are not" in doubt
    alone = words.ranking_words(labels[:1], values[:, :1], None, "kNN", 2)
    assert alone.startswith("No two combinations")
    untold, never = [("loss", "frame")], [("a", "b")]
    told = words.not_shown(2, {"r": "?"}, 3, 4, untold, never, ["nce"])
    told = " ".join(told)
    for each in (
        "2 runs are still",
        "left out: r.",
        "3 of 4",
        "in no effect: nce.",
        "loss with frame. Not told by",
        "asked for: a with b.",
    ):
        assert each in told


def test_leaders_that_nothing_separates():
    """Another mean ahead is no other leader; nor is what an interval shows."""
    axes = {"loss": ("a", "b", "c"), "frame": ("x", "y")}
    means = {"a": (60.0, 45.0), "b": (59.9, 45.1), "c": (50.0, 42.0)}
    shaken = np.random.default_rng(2).normal(0, 0.4, [3, 3, 2])
    observed = {
        seed: {
            (loss, frame): means[loss][column] + shaken[seed, row, column]
            for row, loss in enumerate("abc")
            for column, frame in enumerate("xy")
        }
        for seed in range(3)
    }
    found = effects(observed, axes)["loss", "frame"]
    leaders = found.means.mean(axis=0).argmax(axis=0).tolist()
    assert len({*leaders}) == 2 and 2 not in leaders
    told = words.interactions_words([found])
    assert "depends on frame" in told and "another leads" not in told
    assert "which of those ahead leads, the seeds do not separate" in told
    # All seeds agree of one pair; nine others make the test of all unsure.
    rng = np.random.default_rng(3)
    rows = rng.normal(50, 1, [3, 8])
    rows[:, 0], rows[:, 1] = rows.max(1) + 2, rows.min(1) - 2
    rows[:, 1] = rows[:, 0] - 8 + rng.normal(0, 0.01, 3)
    effect = Effect(("one",), (tuple("abcdefgh"),), rows, 0.3)
    assert "chance" not in words.effect_words(effect)


def test_a_level_that_breaks_at_most_seeds():
    """It is left out of the effects, and told; others keep their spread."""
    study = make_study(
        {
            "axes": {
                "loss": ["nce", "softmax", "triplet"],
                "flip": [True, False],
            },
            "seeds": [0, 1, 2],
        }
    )
    cells, numbers = [], {}
    for seed, loss, flip in itertools.product(
        range(3), study.levels["loss"], study.levels["flip"]
    ):
        if loss == "triplet" and seed:
            continue
        cells.append(Cell((loss, flip), types.SimpleNamespace(seed=seed)))
        numbers[id(cells[-1])] = 40 + len(loss) + seed + len(cells) % 3 / 10
    kept = writing.varied(study, cells)
    assert kept["loss"] == ("nce", "softmax")
    seen = {
        seed: {
            cell.levels: numbers[id(cell)]
            for cell in cells
            if cell.seed == seed
        }
        for seed in range(3)
    }
    found = effects(writing._of_axes(seen, study, kept), kept)
    assert found["flip",].means.shape == (3, 2)
    assert found["loss",].means.shape == (3, 2)
    planned = [
        Cell(levels, types.SimpleNamespace(seed=seed))
        for seed in range(3)
        for levels in itertools.product(*study.levels.values())
    ]
    told = types.SimpleNamespace(
        study=study, cells=cells, main=found, pairs={}
    )
    text = " ".join(writing.not_shown(told, planned, 0, {}))
    assert "Of one seed, and in no effect: triplet." in text
    # Where all are of one seed, none is left out.
    first = [cell for cell in cells if cell.seed == 0]
    assert len(writing.varied(study, first)["loss"]) == 3


def test_nothing_to_rank_by():
    """Pictures without labels end a study at the first verdict."""
    found = [None, None]
    cells = [
        Cell(
            (name,),
            types.SimpleNamespace(
                name=name, pictures="all", metrics=lambda n=n: found[n]
            ),
        )
        for n, name in enumerate("ab")
    ]
    begun = command._in_time(cells, 0.0, None)
    assert begun(None)
    found[1] = {"no_probe": "the data have no labels"}
    with pytest.raises(UsageError, match="`data` must be labelled.*no labels"):
        begun(None)
    found[0] = {"linear_probe": {}}
    assert begun(None)


def test_paired_by_whole_seeds():
    """A seed that lacks a run is left out where two others do not."""
    whole = {("a",): 1.0, ("b",): 2.0}
    some = {("a",): 3.0}
    cells, values = paired({0: whole, 1: whole, 2: some})
    assert cells == [("a",), ("b",)] and values.shape == (2, 2)
    # One that is shared alone would be ranked against nothing.
    cells, values = paired({0: whole, 2: some})
    assert cells == [("a",), ("b",)] and values.tolist() == [[1.0, 2.0]]
    # Nor are two of many a ranking of all.
    many = {(name,): float(place) for place, name in enumerate("abcdef")}
    few = dict(list(many.items())[:3])
    cells, values = paired({0: many, 1: few})
    assert len(cells) == 6 and values.shape == (1, 6)
    few = dict(list(many.items())[:4])
    cells, values = paired({0: many, 1: few})
    assert len(cells) == 4 and values.shape == (2, 4)


def test_axes_inside_others():
    """Where an axis was varied at some levels of others only is told."""
    axes = {
        "loss": {"a": {}, "b": {}},
        "encoder": {"s": {}, "m": {}, "l": {}},
        "frame": {"x": {}, "y": {}},
        "other": {"only": {}},
    }
    levels = itertools.product("ab", "sml", "xy", ["only"])
    cells = [
        Cell(each, types.SimpleNamespace(seed=0))
        for each in levels
        if each[1] == "m" or each[2] == "x"
    ]
    found = types.SimpleNamespace(study=make_study({"axes": axes}))
    found.cells = cells
    told = [words.nested_words(*each) for each in writing.nested(found)]
    assert told == [
        "encoder was varied only with frame x.",
        "frame was varied only with encoder m.",
    ]
    found.cells = cells[:3]
    assert writing.varied(found.study, found.cells) == {
        "encoder": ("s", "m"),
        "frame": ("x", "y"),
    }


def test_expected_by_what_is_alike(tmp_path):
    """The longest of those that differ in the fewest axes."""

    def cell(levels, seconds):
        run = Run(tmp_path / "-".join(levels))
        run.folder.mkdir()
        entry = types.SimpleNamespace(run=run, seconds=lambda: seconds)
        return Cell(levels, entry)

    done = [cell("ax", 10), cell("bx", 20), cell("cz", 900)]
    assert expected_seconds(Cell("ay", None), []) is None
    assert expected_seconds(Cell("ay", None), done) == 25
    assert expected_seconds(Cell("dx", None), done) == 35
    # From the start to the end of its process, where more than the steps.
    for run, end in ((done[1].entry.run, 1100.0), (done[0].entry.run, 1005.0)):
        for path, at in ((run.folder / "config.json", 1000.0), (run.log, end)):
            path.touch()
            os.utime(path, (at, at))
    assert expected_seconds(Cell("ay", None), done) == 25
    assert expected_seconds(Cell("dx", None), done) == 115


@pytest.mark.parametrize(
    "change, told",
    [
        ({"axis": {}}, "Unknown key: 'axis'. Did you mean axes"),
        ({"axes": {}}, "`axes` must be axes with their levels"),
        ({"axes": {"los": ["a"]}}, "Unknown setting: 'los'"),
        ({"axes": {"loss": "nce"}}, "`loss` must be levels"),
        ({"axes": {"x": {"a": {"sead": 1}}}}, "Unknown setting: 'sead'"),
        ({"axes": {"x": {"a": {"seed": 1}}}}, "without seed"),
        ({"settings": {"loss": "nce"}}, "`loss` must be set in one place"),
        ({"seeds": [1, 1]}, "`seeds` must be different numbers"),
        ({"seeds": 3}, "`seeds` must be several, in brackets"),
        ({"metric": "accuracy"}, "`metric` must be one of"),
        ({"cells": 1}, "`cells` must be"),
        ({"axes": {"readout": {"a": {}}}}, "without readout"),
        ({"time": "2h"}, "`time` must be minutes"),
        ({"without": [{"los": "nce"}]}, "Unknown axis: 'los'"),
        ({"without": [{"loss": "ncf"}]}, "Unknown level: 'ncf'"),
    ],
)
def test_what_is_refused(change, told):
    """In words, before anything is trained."""
    given = {"axes": {"loss": ["nce", "softmax"]}} | change
    with pytest.raises(UsageError) as raised:
        make_study(given)
    assert told in str(raised.value)


def test_options_of_a_spec():
    """They go into the spec that they are of; what is not legal is told."""
    given = {"loss": "spring(squared=True)", "loss.margin": 0.7, "side": 32}
    found = with_options(given | {"encoder.width": 2})
    assert found == {
        "loss": "spring(margin=0.7, weighting=balanced, squared=True)",
        "side": 32,
        "encoder": "paper(width=2, final_relu=False, dim=None)",
    }
    # Of a preset they are options of its own loss and encoder.
    of_preset = {"preset": "simclr", "loss.temperature": 0.2}
    found = with_options(of_preset | {"encoder.width": 0.5})
    assert found["loss"] == "nt_xent(temperature=0.2)"
    assert found["encoder"].startswith("resnet(") and "0.5" in found["encoder"]
    for name, value in (("loss.margin", -1.0), ("loss.marge", 1.0)):
        with pytest.raises(UsageError, match="marg"):
            with_options(given | {name: value})


def test_file_that_is_none(tmp_path):
    """Two plain lines and exit code 2."""
    (tmp_path / "bad.toml").write_text("seeds = [0")
    for name in ("bad.toml", "absent.toml"):
        words = [str(tmp_path / name), f"--run-dir={tmp_path / 'r'}"]
        code, _, told = ran(study.main, words)
        assert code == 2 and told.startswith("`file` must be of a study")
    with pytest.raises(UsageError, match="`axes` must be two combinations"):
        plan_cells(make_study({"axes": {"loss": ["nce"]}}), tmp_path)
    given = {"axes": {"loss": ["nce", "softmax"]}, "metric": "mlp_head"}
    for how in ("brief", "none"):
        asked = make_study(given | {"settings": {"evaluate": how}})
        with pytest.raises(UsageError, match="are judged by mlp_head"):
            plan_cells(asked, tmp_path)
    ten = {f"a{n}": {f"l{k}": {} for k in range(10)} for n in range(10)}
    with pytest.raises(UsageError, match="Received: '10,000,000,000 comb"):
        plan_cells(make_study({"axes": ten, "cells": 20}), tmp_path)
    clash = {"one": {"x": {}, "x_y": {}}, "two": {"y_z": {}, "z": {}}}
    with pytest.raises(UsageError, match="names of levels .*Received twice"):
        plan_cells(make_study({"axes": clash}), tmp_path)
    sides = {"axes": {"side": [32, 64], "loss": ["nce", "softmax"]}}
    asked = make_study(sides | {"without": [{"side": 32, "loss": "nce"}]})
    assert plan_cells(asked, tmp_path)[1] == 3
    (tmp_path / "good.toml").write_text(FILE)
    assert read_study(tmp_path / "good.toml").levels == {
        "loss": ("softmax", "vicreg"),
        "crops": ("apart", "at one place"),
    }
