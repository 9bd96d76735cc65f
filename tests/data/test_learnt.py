"""The pictures of a training: which are learnt from, and what is told."""

import numpy as np
import pytest

from tests.dirty.case import all_of, noise
from tfcmc.data.overlap import DIGEST, Overlap
from tfcmc.experiment.config import make_config
from tfcmc.experiment.data import read_data
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError


@pytest.mark.parametrize("unlabelled", [False, True])
def test_overlap(tmp_path, rng, capsys, unlabelled):
    """Counted by their bytes: in train, or only in what is learnt from."""
    pool = rng.integers(0, 256, (30, 8, 8, 3), np.uint8)
    nearly = pool[:1].copy()
    nearly[0, 7, 7, 2] ^= 1
    arrays = {
        "x_train": pool[:10],
        "x_test": np.concatenate([pool[[3, 20, 7, 3, 25]], nearly]),
    }
    for part in ("train", "test"):
        arrays[f"y_{part}"] = np.arange(len(arrays[f"x_{part}"])) % 2
    if unlabelled:
        arrays["x_unlabeled"] = pool[5:22]
    np.savez(tmp_path / "a.npz", **arrays)
    read_data(make_plan(make_config({"data": f"npz:{tmp_path / 'a.npz'}"})))
    told = capsys.readouterr().out
    train = "3 of 6 test pictures stand in train too, pixel for pixel"
    assert told.count("test pictures") == 1 + unlabelled
    assert f"note: {train}" in told
    learnt = "note: 1 of 6 test pictures is learnt from too, pixel for pixel"
    assert (learnt in told) == unlabelled


def test_some_of_the_pictures(capsys):
    """Fewer are a part of more, the same at every seed; the rest stays."""
    found = {}
    for seed, wanted in ((0, 40), (1, 40), (0, 90), (0, None)):
        settings = {"data": "shapes(size=160)", "seed": seed}
        plan = make_plan(make_config(settings | {"pictures": wanted}))
        data = read_data(plan)
        pictures = data.learnt.read(np.arange(len(data.learnt)))
        found[seed, wanted] = {picture.tobytes() for picture in pictures}
        assert len(data.learnt) == (wanted or 160)
        assert len(data.source.pretrain) == 160
    assert found[0, 40] < found[0, 90] < found[0, None]
    assert found[1, 40] == found[0, 40]
    plan = make_plan(make_config(settings | {"pictures": 999}))
    with pytest.raises(UsageError, match="`pictures` must be at most the 160"):
        read_data(plan, learns=True)
    capsys.readouterr()
    assert len(read_data(plan).learnt) == 160  # to be judged: fewer will do
    assert "learnt from" not in capsys.readouterr().out


def test_some_of_what_is_judged_by_too(tmp_path):
    """Drawn first, the same at every seed; the held-out of the others."""
    arrays = {f"x_{part}": noise(n, 60, 8, 8, 3)
              for n, part in enumerate(("train", "test"))}  # fmt: skip
    np.savez(
        tmp_path / "a.npz",
        **arrays,
        y_train=np.arange(60) % 2,
        y_test=np.arange(60) % 2,
    )
    found = {}
    for seed, wanted in ((0, 20), (1, 20), (1, 50), (1, 54), (1, None)):
        settings = {"data": f"npz:{tmp_path / 'a.npz'}", "seed": seed}
        data = read_data(
            make_plan(make_config(settings | {"pictures": wanted}))
        )
        learnt, held = (
            {picture.tobytes() for picture in all_of(pictures)}
            for pictures in (data.learnt, data.held_out.pictures)
        )
        assert not learnt & held and len(held) == 6
        assert len(learnt) == (wanted or 54)
        found[seed, wanted] = learnt, held
    assert found[0, 20][0] == found[1, 20][0] < found[1, 50][0]
    assert found[0, 20][1] != found[1, 20][1]
    # All that can be learnt from need not be what one seed leaves.
    generator = np.random.default_rng(1)
    rows = np.sort(generator.permutation(60)[6:])
    want = {arrays["x_train"][row].tobytes() for row in rows}
    assert found[1, None][0] == want
    plan = make_plan(make_config(settings | {"pictures": 55}))
    with pytest.raises(UsageError, match="`pictures` must be at most the 54"):
        read_data(plan, learns=True)


def test_files_that_cannot_be_read_are_no_overlap():
    """What none of them holds is not the same in train and in test."""
    overlap = Overlap()
    overlap.add_digests("train", bytes(DIGEST) + b"12345678")
    overlap.add_digests("test", b"12345678" + bytes(DIGEST) + b"23456789")
    assert overlap.notes() == [
        "1 of 3 test pictures stands in train too, pixel for pixel"
    ]
