"""Searches for a loss's own options, and never looks at the test part.

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
it goes on further. A trial that breaks is recorded with its reason.
"""

import dataclasses
import pathlib

from tfcmc.checks import UsageError, check_choice, check_number, must
from tfcmc.config import PretrainConfig, make_config
from tfcmc.plan import CIRCUMSTANCES, data_word, make_plan
from tfcmc.registry import parse_spec
from trainers import command_line
from tuning import processes
from tuning.engine import conduct
from tuning.locks import held
from tuning.oracle import TUNERS, Tuner
from tuning.progress import Progress, score_text, summary
from tuning.records import (
    LABEL_FREE,
    OBJECTIVES,
    Search,
    read_search,
    read_trials,
    write_record,
)
from tuning.space import make_space

OWN = ("run_dir", "judge_on")  # settings that are not the user's
TRIALS = 20


def main(argv=None):
    """Reads the command line and searches."""
    given = command_line.parse(_parser(), argv)
    search, config, folder = plan_search(given)
    processes.make_folder(folder)
    with held(folder):
        search = settled(search, folder)
        print(f"the loss as it is: {search.loss}", flush=True)
        default, reason = processes.run_default(config, folder)
        search = with_objective(search, default, reason)
        write_record(folder / "search.json", search)
        told = reason or score_text(search.objective, default)
        print(f"the loss as it is: {told}", flush=True)
        progress = Progress(search, read_trials(folder))
        run = processes.Processes(search, config, folder, progress)
        trials = conduct(Tuner(search, config.epochs), search, folder, run)
    if len(trials) < search.trials:
        print(f"after {len(trials)} trials there is nothing left to try")
    print(f"\n{summary(search, trials, default)}")
    print(f"everything is in {folder}")


def plan_search(given):
    """Settles what is searched for, before anything is trained.

    Args:
        given: Name to value of what the user gave.

    Returns:
        `(search, config, folder)`: the `Search`, whose objective may be None;
        the `PretrainConfig` of the loss as it is; the search's path.

    Raises:
        UsageError: if a name, a value or a range is not known or not legal.
    """
    own = {
        "space": "",
        "tuner": "bayesian",
        "objective": None,
        "trials": TRIALS,
        "jobs": 1,
    }
    own |= {name: given.pop(name) for name in own if name in given}
    folder = given.pop("run_dir", None)
    check_choice("tuner", own["tuner"], TUNERS)
    if own["objective"] is not None:
        check_choice("objective", own["objective"], OBJECTIVES)
    check_number("trials", own["trials"], whole=True, at_least=1)
    check_number("jobs", own["jobs"], whole=True, at_least=1, at_most=64)
    _, kept, _ = parse_spec(given.get("loss", "softmax"), "loss")
    config, space = make_space(
        make_config({**given, "judge_on": "validation"}),
        own.pop("space"),
        kept,
    )
    plan = make_plan(config)
    settings = {
        name: value
        for name, value in dataclasses.asdict(plan.config).items()
        if name not in ("run_dir", "loss", *space)
    }
    search = Search(
        loss=plan.loss.spec,
        space=space,
        seed=config.seed,
        settings=settings,
        **own,
    )
    name = f"tune-{data_word(plan.data)}-{plan.loss.name}"
    return search, plan.config, pathlib.Path(folder or f"runs/{name}")


def settled(search, folder):
    """Checks that a folder is new, or this search's.

    Args:
        search: The `Search`.
        folder: Path of the search.

    Returns:
        The `Search`, its objective that of the folder if it had none.

    Raises:
        UsageError: if the folder holds another search.
    """
    stored = read_search(folder)
    if stored is None:
        return search
    if search.objective is None:
        search = dataclasses.replace(search, objective=stored.objective)
    differing = [
        f"{name} {old!r} and not {new!r}"
        for (name, old), (_, new) in zip(
            identity(stored).items(), identity(search).items(), strict=True
        )
        if old != new
    ]
    differing += [
        f"{name} {stored.settings.get(name)!r} and not "
        f"{search.settings.get(name)!r}"
        for name in sorted({*stored.settings, *search.settings})
        if name not in CIRCUMSTANCES
        and stored.settings.get(name) != search.settings.get(name)
    ]
    if differing:
        raise UsageError(
            f"`run-dir` must be empty or hold this search. Received: "
            f"{str(folder)!r}, which has {', '.join(differing[:3])}.\nChoose "
            f"another --run-dir, or delete the folder."
        )
    return search


def identity(search):
    """Returns what makes a search another one, its settings aside."""
    found = dataclasses.asdict(search)
    del found["settings"]
    # A grid has as many points as the budget lets it have.
    if search.tuner != "grid":
        del found["trials"]
    return found


def with_objective(search, default, reason):
    """Settles the objective by what the data allow.

    Args:
        search: The `Search`.
        default: Scores of the loss as it is; empty where it failed.
        reason: Why it failed, or None.

    Returns:
        The `Search`, its objective one of `OBJECTIVES`.

    Raises:
        UsageError: if the data do not allow it, or nobody can know.
    """
    if not default:
        if search.objective is None:
            raise UsageError(
                f"The loss as it is failed: {reason}.\n--objective=... goes "
                f"on with others, or see default/log.txt."
            )
        return search
    if search.objective is None:
        objective = next(name for name in OBJECTIVES if name in default)
        return dataclasses.replace(search, objective=objective)
    if search.objective not in default:
        raise must(
            "objective",
            f"{' or '.join(LABEL_FREE)} where the data have no labels",
            search.objective,
        )
    return search


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
    settings = [
        field.name
        for field in dataclasses.fields(PretrainConfig)
        if field.name not in OWN
    ]
    command_line.add_settings(parser, PretrainConfig, only=settings)
    return parser


if __name__ == "__main__":
    command_line.run(main)
