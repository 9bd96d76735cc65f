"""A whole search: settled before anything is trained, run, and reported."""

import dataclasses
import pathlib
import time

from tfcmc.cli import machines, same_data
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.recipe import data_word, make_plan
from tfcmc.foundation.atomic import note_once
from tfcmc.foundation.errors import (
    UsageError,
    check_choice,
    check_number,
    differing,
    must,
)
from tfcmc.foundation.locks import held
from tfcmc.foundation.registry import parse_spec
from tfcmc.runs.folder import make_folder
from tfcmc.runs.identity import setting_differences
from tfcmc.searches.distributed import Chief, role, work, worker_name
from tfcmc.searches.processes import Processes, Progress, run_default
from tfcmc.searches.records import (
    LABEL_FREE,
    OBJECTIVES,
    TUNERS,
    Search,
    read_search,
    read_trials,
    runs_of,
    write_record,
)
from tfcmc.searches.report import report
from tfcmc.searches.rounds import conduct
from tfcmc.searches.space import make_space
from tfcmc.searches.tuner import Tuner

TRIALS = 20
MOST = 10_000  # trials: their folders are numbered with four digits
WAIT = 1.0  # seconds between looks for the chief's search
# The objective without labels that was measured beside probes.
UNSURE = "alignment_uniformity"


def search(given: dict) -> pathlib.Path:
    """Searches: alone, as the chief of several processes, or as a worker.

    Returns:
        The search's folder.

    Raises:
        UsageError: if a name, a value or a range is not known or not legal,
            or the folder holds another search.
        TrainingFailed: if the first trials all fail.
    """
    position = role()
    wanted, config, folder = plan_search(given)
    machines.check_alone(config.strategy)
    if position is not None and wanted.objective is None:
        raise must("objective", f"given to a {position}", None)
    if position is not None and wanted.jobs != 1:
        raise must("jobs", f"1 for a {position}: start workers", wanted.jobs)
    for each in (folder, folder / "figures"):  # before hours of training
        make_folder(each)
    worker = position == "worker"
    with held(folder, part=f"{worker_name()}-" if worker else ""):
        while worker and read_search(folder) is None:
            note_once(f"waiting for the chief's search in {folder}")
            time.sleep(WAIT)
        wanted = settled(wanted, folder)
        same_data.check(config, runs_of(folder), apart=True)
        if worker:
            _help(wanted, config, folder)
            return folder
        if position == "chief":
            write_record(folder / "search.json", wanted)
            progress = Progress(wanted, read_trials(folder))
            tuner = Tuner(wanted, config.epochs)
            chief = Chief(tuner, wanted, folder, progress)
            chief.serve(lambda: _train_default(wanted, config, folder))
        else:
            wanted = _train_default(wanted, config, folder)
            progress = Progress(wanted, read_trials(folder))
            run = Processes(wanted, config, folder, progress)
            conduct(Tuner(wanted, config.epochs), wanted, folder, run)
        ended = len(read_trials(folder))
        if ended < wanted.trials:
            print(f"after {ended} trials there is nothing left to try")
        report(folder, ended=True)
    return folder


def plan_search(given: dict) -> tuple[Search, PretrainConfig, pathlib.Path]:
    """Settles what is searched for, before anything is trained.

    Returns:
        The search, its objective None where it is for the data to settle;
        the settings of the loss as it is; the search's folder.

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
    given = dict(given)
    own |= {name: given.pop(name) for name in own if name in given}
    folder = given.pop("run_dir", None)
    check_choice("tuner", own["tuner"], TUNERS)
    if own["objective"] is not None:
        check_choice("objective", own["objective"], OBJECTIVES)
    check_number("trials", own["trials"], whole=True, at_least=1, at_most=MOST)
    check_number("jobs", own["jobs"], whole=True, at_least=1, at_most=64)
    _, kept, _ = parse_spec(given.get("loss", "softmax"), "loss")
    brief = {"judge_on": "validation", "evaluate": "brief"}
    config = make_config({"stop_on_collapse": True, **given, **brief})
    for name in ("budget", "steps"):
        if getattr(config, name) is not None:
            told = "left out of a search, whose trials go by epochs"
            raise must(name, told, getattr(config, name))
    config, space = make_space(config, own.pop("space"), kept)
    plan = make_plan(config)
    settings = {
        name: value
        for name, value in dataclasses.asdict(plan.config).items()
        if name not in ("run_dir", "loss", *space)
    }
    name = f"tune-{data_word(plan.data)}-{plan.loss.name}"
    wanted = Search(
        loss=plan.loss.spec,
        space=space,
        seed=config.seed,
        settings=settings,
        **own,
    )
    return wanted, plan.config, pathlib.Path(folder or f"runs/{name}")


def settled(wanted: Search, folder) -> Search:
    """Checks that a folder is new, or this search's.

    Returns:
        The search, its objective that of the folder if it had none.

    Raises:
        UsageError: if the folder holds another search.
    """
    stored = read_search(folder)
    if stored is None:
        return wanted
    if wanted.objective is None:
        wanted = dataclasses.replace(wanted, objective=stored.objective)
    told = differing(_identity(stored), _identity(wanted))
    told += setting_differences(stored.settings, wanted.settings)
    if told:
        raise UsageError(
            f"`run-dir` must be empty or hold this search. Received: "
            f"{str(folder)!r}, which has {', '.join(told[:3])}.\nChoose "
            f"another --run-dir, or go on with its own settings."
        )
    return wanted


def _identity(search):
    """Returns what makes a search another one, its settings aside."""
    found = dataclasses.asdict(search)
    del found["settings"]
    # A grid has as many points as the budget lets it have.
    if search.tuner != "grid":
        del found["trials"]
    return found


def with_objective(wanted: Search, default: dict, reason) -> Search:
    """Settles the objective by what the data allow.

    Args:
        wanted: The search, its objective None if the user gave none.
        default: Scores of the loss as it is; empty where it failed.
        reason: Why it failed, or None.

    Raises:
        UsageError: if the data do not allow it, or nobody can know.
    """
    if not default:
        if wanted.objective is None:
            raise UsageError(
                f"The loss as it is failed: {reason}.\n--objective=... goes "
                f"on with others, or see default/log.txt."
            )
        return wanted
    if wanted.objective is None:
        objective = next(name for name in OBJECTIVES if name in default)
        return dataclasses.replace(wanted, objective=objective)
    if wanted.objective not in default:
        raise must(
            "objective",
            f"{' or '.join(LABEL_FREE)} where the data have no labels",
            wanted.objective,
        )
    return wanted


def _train_default(wanted, config, folder):
    """Trains the loss as it is, and settles the objective by its scores."""
    print(f"the loss as it is: {wanted.loss}", flush=True)
    default, reason = run_default(config, folder)
    wanted = with_objective(wanted, default, reason)
    write_record(folder / "search.json", wanted)
    name = wanted.objective
    if name == UNSURE:
        print(
            "note: alignment and uniformity chose no better than chance where "
            "probes could tell:\n  keep the defaults, or label some hundred "
            "pictures"
        )
    told = reason or OBJECTIVES[name].words(default[name])
    print(f"the loss as it is: {told}", flush=True)
    return wanted


def _help(wanted, config, folder):
    """Runs trials for a chief, as one of its workers."""
    if len(read_trials(folder)) >= wanted.trials:
        print("all trials have ended")
        return
    progress = Progress(wanted, (), alone=False)
    run = Processes(wanted, config, folder, progress)
    work(Tuner(wanted, config.epochs), wanted, folder, run)
