"""Training that goes on: longer, or from the weights of another."""

import json
import shutil

import numpy as np
import pytest

from tests.equal_runs import check_same
from tests.plain import leave_out_graphs
from tests.tiny import NORMED, plan_of
from tfcmc.evaluation.features import weights_hash
from tfcmc.experiment.architecture import Architecture, open_trained
from tfcmc.experiment.elsewhere import as_far
from tfcmc.experiment.recipe import stored_plan
from tfcmc.experiment.start import parts_of, read_start
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras
from tfcmc.optimizers.schedules import cosine
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import differences
from tfcmc.training.fit import Restarted
from trainers import evaluate, pretrain

TINY = ["--data=shapes(size=160)", "--batch-size=16", "--side=32"]
TINY += ["--encoder=paper(width=0.3)", "--evaluate=none"]
STEPS = 10  # of 160 pictures


def test_a_schedule_that_begins_later():
    """Counted from there, it is the same."""
    plain = cosine(0.1, 20, 0.25)
    later = Restarted(plain, 30)
    for step in (0, 3, 11, 20):
        assert float(later(step + 30)) == float(plain(step))


def encoders(run):
    paths = sorted(run.glob("encoders/*.keras"))
    return {path.stem: keras.models.load_model(path) for path in paths}


@pytest.fixture(scope="module")
def longer(tmp_path_factory):
    """A run of an epoch, then of two, and its encoders after each."""
    run = tmp_path_factory.mktemp("longer") / "run"
    found = []
    for words in ([*TINY, "--epochs=1"], ["--epochs=2", "--evaluate=none"]):
        with pytest.MonkeyPatch.context() as patch:
            if not found:  # schedules that began anew are traced
                leave_out_graphs(patch)
            pretrain.main([f"--run-dir={run}", *words])
        found.append(encoders(run))
        kept = run.with_name(f"after {len(found)}")
        shutil.copytree(run / "encoders", kept)
    return run, *found


def test_longer_under_a_cosine(longer, capsys, refused):
    """It starts again over the steps added, and the run says so."""
    run, first, second = longer
    identity = json.loads((run / "identity.json").read_text())
    assert identity["restarts"] == [STEPS]
    assert [row["restarts"] for row in Run(run).read_history()] == [0, 1]
    for name, model in first.items():
        assert weights_hash(model) != weights_hash(second[name])
    pretrain.main([f"--run-dir={run}", "--evaluate=none"])
    assert "trained already, 2 epochs" in capsys.readouterr().out
    again = json.loads((run / "identity.json").read_text())
    assert again == identity
    told = refused(pretrain.main, f"--run-dir={run}", "--epochs=1")
    assert "epochs 2 and not 1" in told


def test_judged_while_a_longer_training_is_on_its_way(longer, tmp_path):
    """The encoders there are those of the shorter one, and so is said."""
    run = tmp_path / "run"
    shutil.copytree(longer[0], run)
    shutil.copytree(
        longer[0].with_name("after 1"), run / "encoders", dirs_exist_ok=True
    )
    evaluate.main([str(run), "--evaluate=brief"])
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["epochs"] == 1 and "restarts" not in metrics
    plan, run = stored_plan(run)
    architecture, _ = open_trained(plan, run)
    assert plan.config.epochs == 2
    assert as_far(plan, run, architecture).config.epochs == 1


def test_from_another_run(longer, tmp_path, refused, capsys, eager):
    """Its encoders, whose hash is kept; a head of another shape is new."""
    source, _, trained = longer
    run, words = tmp_path / "run", [*TINY[:-1], f"--init={source}"]
    words += ["--epochs=1", "--seed=5", f"--run-dir={run}"]
    still = ["--learning-rate=1e-12", "--head=linear(dim=8)"]
    pretrain.main([*words, *still, "--evaluate=brief"])
    told = capsys.readouterr().out
    assert "the head of ab is another" in told
    assert f"started from {source}: L" in told
    metrics = json.loads((run / "metrics.json").read_text())
    identity = json.loads((run / "identity.json").read_text())
    assert metrics["init"] == identity["init"]
    for name, model in encoders(run).items():
        hashed = weights_hash(trained[name])
        assert identity["init"]["sha256"][name] == hashed
        pairs = parts_of(model)[0], trained[name].weights
        for one, other in zip(*pairs, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-9)
    for change, words_told in (
        (still, "weights of"),  # and not drawn ones
        (["--init=nowhere"], "a run folder, or a .keras file"),
        ([f"--init={run}"], "another folder than"),
    ):
        more = words if change is not still else [*TINY, *words[-2:]]
        more = [*more, "--epochs=1", *still, *change]
        assert words_told in refused(pretrain.main, *more)
    aside = source.rename(tmp_path / "aside")
    for there in (False, True):
        if there:  # and is another run's by now
            shutil.copytree(run, source)
        pretrain.main([*words, *still, "--evaluate=none"])
        told = capsys.readouterr().out
        assert ("is gone" in told) == (not there)
        assert "trained already" in told
        assert json.loads((run / "identity.json").read_text()) == identity
    shutil.rmtree(source)
    anew = [*words[:-1], f"--run-dir={tmp_path / 'anew'}", *still]
    assert "a run folder, or a .keras file" in refused(pretrain.main, *anew)
    aside.rename(source)
    identity["init"]["sha256"] = {"L": "", "ab": ""}
    known = json.loads((run / "identity.json").read_text())
    told = differences(known, identity)
    assert told == f"other weights of {source} at first than there are now"
    other = [f"--run-dir={tmp_path / 'other'}", f"--init={source}"]
    wider = [*TINY, *other, "--encoder=paper(width=0.5)"]
    assert "and not [" in refused(pretrain.main, *wider)
    file = f"--init={source / 'encoders' / 'L.keras'}"
    told = refused(pretrain.main, *TINY, other[0], file)
    assert "a run folder for the branches L and ab" in told


def test_from_a_file(tmp_path):
    """Of one branch; what does not fit is told by its shapes."""
    path = tmp_path / "x.keras"
    small = {"views": "rgb", "encoder": NORMED}
    source = Architecture(plan_of(**small, seed=4), 64).branches()["rgb"]
    source.save(path)
    plan = plan_of(**small, head="linear(dim=5)", init=str(path))
    start = read_start(plan)
    (branch,) = Architecture(plan, 64, start=start).initial().values()
    features, head = parts_of(branch)
    check_same(features, source.weights)
    assert len(head) and start.origin["sha256"] == {
        "rgb": weights_hash(source)
    }
    # A twin that would be drawn anew starts there, too.
    target = plan_of(target="momentum(init=fresh)").target.function()
    (twin,) = Architecture(plan, 64, start=start).twin(target, 9).branches
    check_same(parts_of(twin)[0], source.weights)
    plan = plan_of(views="rgb", init=str(path))
    with pytest.raises(UsageError, match=r"shapes: \[\[6\], .* and not \[\["):
        read_start(plan)
