"""What goes together is told before anything heavy is loaded."""

import dataclasses

import pytest

from tfcmc.cli import command_line
from tfcmc.data import SOURCES
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.recipe import make_plan, stored_plan
from tfcmc.experiment.refusals import BATCH_ONLY, kind_of
from tfcmc.experiment.verified import FRAMES
from tfcmc.foundation.errors import UsageError
from tfcmc.losses import LOSSES
from tfcmc.runs.folder import Run


@pytest.mark.parametrize("loss", LOSSES.names())
def test_losses_and_remembered_negatives(loss):
    """A bank is refused, with the reason, for a loss of the batch at hand."""
    frame = FRAMES.get(kind_of(LOSSES.lookup(loss).member), {})
    given = frame | {"loss": loss}
    assert make_plan(make_config(given)).loss.name == loss
    config = make_config(given | {"negatives": "bank"})
    needs = LOSSES.lookup(loss).member.extra
    reasons = [
        BATCH_ONLY[need]
        for need in BATCH_ONLY
        if needs.get(need) or needs.get("kind") == need
    ]
    if not reasons:
        assert make_plan(config).negatives.name == "bank"
        return
    with pytest.raises(UsageError, match="must be batch with") as caught:
        make_plan(config)
    assert reasons[0] in str(caught.value)
    assert loss in str(caught.value)


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    """Of a setting, of an argument and of a list, here and from Python."""
    monkeypatch.setenv("HOME", str(tmp_path))
    config = make_plan(make_config({"run_dir": "~/run"})).config
    assert config.run_dir == str(tmp_path / "run")
    run = Run(config.run_dir)
    run.create()
    run.write_json("config.json", dataclasses.asdict(config))
    assert stored_plan("~/run")[0].config == config
    parser = command_line.make_parser("x", "")
    parser.add_argument("run")
    parser.add_argument("--tuned", nargs="+")
    given = command_line.parse(parser, ["~/run", "--tuned", "~/a", "b"])
    assert given == {
        "run": str(tmp_path / "run"),
        "tuned": [str(tmp_path / "a"), "b"],
    }


def test_where_pictures_went_is_asked(tmp_path):
    """Of a run whose folder of pictures was moved, not of one given anew."""
    images, run = tmp_path / "images", Run(tmp_path / "run")
    images.mkdir()
    given = {"data": f"folder:{images}", "run_dir": str(run.folder)}
    config = make_plan(make_config(given)).config
    run.create()
    run.write_json("config.json", dataclasses.asdict(config))
    images.rename(tmp_path / "moved")
    with pytest.raises(UsageError, match="existing folder.*\n.*by --data or"):
        stored_plan(run.folder)
    with pytest.raises(UsageError, match="nowhere'$"):
        stored_plan(run.folder, data=f"folder:{tmp_path / 'nowhere'}")
    stored_plan(run.folder, data=f"folder:{tmp_path / 'moved'}")


def test_the_help_tells_how_many_epochs_each_source_has():
    """As it is registered."""
    (told,) = (
        field.metadata["help"]
        for field in dataclasses.fields(PretrainConfig)
        if field.name == "epochs"
    )
    for member in SOURCES.members():
        name = member.name if member.name in told else "other data"
        assert f"{name} {member.extra['epochs']}" in told
