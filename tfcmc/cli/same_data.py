"""Says whether runs were trained on the pictures that some data hold now.

    python -m tfcmc.cli.same_data runs/mine --data=folder:MY_IMAGES

Exit code 0 where each of them was, whatever the pictures are called now and
wherever they lie; else the first that was not is named, with what differs.
"""

from tfcmc.cli import command_line, workers
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import TrainingFailed, UsageError
from tfcmc.foundation.text import options
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import READ_BY
from tfcmc.runs.record import read_identity


def main(argv=None):
    """Reads the command line and compares."""
    parser = command_line.make_parser("tfcmc.cli.same_data", __doc__)
    parser.add_argument("runs", nargs="+", help="run folders")
    command_line.add_settings(parser, PretrainConfig, only=READ_BY)
    given = command_line.parse(parser, argv)
    runs = [Run(folder) for folder in given.pop("runs")]
    plan = make_plan(make_config(given))
    from tfcmc.experiment import pretrain  # loads TensorFlow: only now

    pretrain.check_same_data(plan, runs)


def check(config: PretrainConfig, runs: list[Run], *, apart: bool) -> None:
    """Checks that runs had the pictures that are there now.

    Args:
        config: Settings that say where the pictures are.
        runs: Those that have not begun do not count.
        apart: Whether to read them in a process of its own: TensorFlow holds
            what it took of a GPU until the process ends, and trainings that
            come after need it.

    Raises:
        UsageError: if one had others, or the pictures cannot be read.
        TrainingFailed: if the process ended for another reason.
    """
    begun = [str(run.folder) for run in runs if read_identity(run)]
    settings = {name: getattr(config, name) for name in READ_BY}
    words = options({k: v for k, v in settings.items() if v is not None})
    if begun and not apart:
        main([*begun, *words])
    elif begun:
        words = ("tfcmc.cli.same_data", *begun, *words)
        ended, _ = workers.run_one(workers.Job("data", words, None))
        if ended.code != 0:
            fault = UsageError if ended.code == 2 else TrainingFailed
            raise fault(ended.reason)


if __name__ == "__main__":
    command_line.run(main)
