"""Searches for a loss's own options, choosing without the test part.

    python -m tuning.search --loss=softmax --trials=20 --data=tfds:NAME \\
        --data-dir=DIR --run-dir=runs/tune-softmax

tries options in the ranges that the loss names (`python -m trainers.losses`),
each in a training of its own, and judges them on a fifth of the train part.
--space narrows, widens, adds and fixes:

    --space="temperature=0.05:0.5:log, batch_size=64|128, encoder.width=2"

Options of the loss go by their name; learning_rate, batch_size, beta_1,
beta_2, warmup, schedule, geometry and flip by theirs; options of the encoder
as encoder.NAME. What --loss writes out, as in "triplet(mining=hard)", stays.

Written to the folder: search.json, default/ (the loss as it is) and
trials/0000, 0001, ..., run folders like any other with a trial.json. Killed
at any moment, the same command goes on to the same trials; with more --trials
it goes on further. A trial that breaks is recorded with its reason. At the
end comes the report of `tuning.report`: tables, figures, best.json, and the
best trial and the defaults on the test part.

--tuner=hyperband trains many trials for few epochs and goes on with the best,
up to --epochs. On several machines that share the folder, or several GPUs of
one, start the same command in each process, with KerasTuner's variables and
an --objective: KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT are where the
chief listens, KERASTUNER_TUNER_ID is "chief" for one process and a name of
its own for each worker. The chief proposes, trains only the loss as it is,
and ends when all trials have. A worker or a chief that was stopped goes on
when it is started again under the same name. Where TFCMC_TOKEN is set, to the
same secret everywhere, the chief answers only workers that have it. Nothing
is encrypted: use the port in a network that you trust.
"""

import time

from tfcmc.cli import command_line, machines, same_data
from tfcmc.experiment.config import PretrainConfig
from tfcmc.foundation.errors import must
from tfcmc.foundation.locks import held
from tfcmc.runs.folder import make_folder
from tfcmc.search import processes
from tfcmc.search.distributed import Chief, work
from tfcmc.search.engine import conduct
from tfcmc.search.oracle import Tuner
from tfcmc.search.plan import TRIALS, plan_search, settled, with_objective
from tfcmc.search.port import role, worker_name
from tfcmc.search.progress import Progress, score_text
from tfcmc.search.records import (
    OBJECTIVES,
    TUNERS,
    read_search,
    read_trials,
    runs_of,
    write_record,
)
from tuning.report import report

OWN = ("run_dir", "judge_on", "evaluate")  # settings that are not the user's
WAIT = 1.0  # seconds between looks for the chief's search


def main(argv=None):
    """Reads the command line and searches."""
    given = command_line.parse(_parser(), argv)
    position = role()
    search, config, folder = plan_search(given)
    machines.check_alone(config.strategy)
    if position is not None:
        check_distributed(search, position)
    for each in (folder, folder / "figures"):  # before hours of training
        make_folder(each)
    if position == "worker":
        help_with(search, config, folder)
        return
    with held(folder):
        search = settled(search, folder)
        same_data.check(config, runs_of(folder), apart=True)
        if position == "chief":
            lead(search, config, folder)
        else:
            search_alone(search, config, folder)


def search_alone(search, config, folder):
    """Searches in this process, which starts one for each trial."""
    search = train_default(search, config, folder)
    progress = Progress(search, read_trials(folder))
    run = processes.Processes(search, config, folder, progress)
    conduct(Tuner(search, config.epochs), search, folder, run)
    finish(search, folder)


def lead(search, config, folder):
    """Searches through workers, as their chief."""
    write_record(folder / "search.json", search)
    progress = Progress(search, read_trials(folder))
    chief = Chief(Tuner(search, config.epochs), search, folder, progress)
    chief.serve(lambda: train_default(search, config, folder))
    finish(search, folder)


def help_with(search, config, folder):
    """Runs trials for a chief, as one of its workers."""
    with held(folder, part=f"{worker_name()}-"):
        while read_search(folder) is None:
            time.sleep(WAIT)
        search = settled(search, folder)
        same_data.check(config, runs_of(folder), apart=True)
        if len(read_trials(folder)) >= search.trials:
            print("all trials have ended")
            return
        progress = Progress(search, (), alone=False)
        run = processes.Processes(search, config, folder, progress)
        work(Tuner(search, config.epochs), search, folder, run)


def train_default(search, config, folder):
    """Trains the loss as it is, and settles the objective by its scores."""
    print(f"the loss as it is: {search.loss}", flush=True)
    default, reason = processes.run_default(config, folder)
    search = with_objective(search, default, reason)
    write_record(folder / "search.json", search)
    told = reason or score_text(search.objective, default)
    print(f"the loss as it is: {told}", flush=True)
    return search


def finish(search, folder):
    """Tells what came of a search."""
    trials = read_trials(folder)
    if len(trials) < search.trials:
        print(f"after {len(trials)} trials there is nothing left to try")
    report(folder)


def check_distributed(search, position):
    """Checks what only a search by several processes asks for.

    Raises:
        UsageError: if an objective is missing, or workers are to start
            several trials each.
    """
    if search.objective is None:
        raise must("objective", f"given to a {position}", None)
    if search.jobs != 1:
        raise must("jobs", f"1 for a {position}: start workers", search.jobs)


def _parser():
    parser = command_line.make_parser("tuning.search", __doc__)
    whole = {
        "trials": f"how many, at most (default: {TRIALS})",
        "jobs": "trials at once, each on its share of the cores (default: 1)",
    }
    for name, told in whole.items():
        parser.add_argument(
            f"--{name}",
            metavar="INT",
            type=command_line.reader(f"--{name}", int),
            help=told,
        )
    parser.add_argument(
        "--space", metavar="SPACE", help="what is searched (see above)"
    )
    parser.add_argument(
        "--tuner",
        metavar="STR",
        help=f"{', '.join(TUNERS)} (default: bayesian)",
    )
    parser.add_argument(
        "--objective",
        metavar="STR",
        help=f"{', '.join(OBJECTIVES)}; the last two need no labels (default: "
        f"linear_probe, or alignment_uniformity where there are no labels)",
    )
    parser.add_argument(
        "--run-dir",
        metavar="DIR",
        help="folder for all (default: runs/tune-DATA-LOSS)",
    )
    command_line.add_settings(parser, PretrainConfig, but=OWN)
    return parser


if __name__ == "__main__":
    command_line.run(main)
