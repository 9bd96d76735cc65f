"""Trains and judges one trial of a search, in its run folder.

`tfcmc search` starts one process a trial, so that what breaks is only the
trial.
"""

import pathlib
import shutil

from tfcmc.cli import command_line
from tfcmc.experiment.recipe import stored_plan
from tfcmc.foundation.atomic import whole
from tfcmc.runs.folder import Run, make_folder


def main(argv=None):
    """Reads the command line, trains and judges."""
    number = command_line.reader("a number", int)
    parser = command_line.make_parser("tfcmc.searches.trial", __doc__)
    parser.add_argument("run", help="the run folder, with its config.json")
    parser.add_argument("--until", type=number, help="epoch to stop after")
    parser.add_argument("--parent", help="run folder to go on from")
    parser.add_argument("--beside", help="run folder with the same controls")
    given = command_line.parse(parser, argv)
    if "parent" in given:
        go_on_from(Run(given["parent"]), Run(given["run"]))
    plan, _ = stored_plan(given["run"])
    from tfcmc.experiment import pretrain  # loads TensorFlow: only now

    beside = (Run(given["beside"]),) if "beside" in given else ()
    pretrain.pretrain(plan, until=given.get("until"), beside=beside)


def go_on_from(parent: Run, run: Run) -> None:
    """Copies what training goes on from, unless it has gone on already."""
    if run.read_history():
        return
    make_folder(run.checkpoints)
    for path in sorted(parent.checkpoints.glob("step-*.npz")):
        with whole(run.checkpoints / path.name) as aside:
            shutil.copyfile(path, aside)
    run.tensorboard.mkdir(exist_ok=True)
    for path in pathlib.Path(parent.tensorboard).glob("events*"):
        shutil.copy(path, run.tensorboard)
    # Last: it says that the rest is there.
    run.write_history(parent.read_history())


if __name__ == "__main__":
    command_line.run(main)
