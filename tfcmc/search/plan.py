"""What is searched for, settled before anything is trained."""

import dataclasses
import pathlib

from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import data_word, make_plan
from tfcmc.foundation.errors import (
    UsageError,
    check_choice,
    check_number,
    differing,
    must,
)
from tfcmc.foundation.registry import parse_spec
from tfcmc.runs.identity import setting_differences
from tfcmc.search.records import (
    LABEL_FREE,
    OBJECTIVES,
    TUNERS,
    Search,
    read_search,
)
from tfcmc.search.space import make_space

TRIALS = 20
MOST = 10_000  # trials: their folders are numbered with four digits


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
    check_number("trials", own["trials"], whole=True, at_least=1, at_most=MOST)
    check_number("jobs", own["jobs"], whole=True, at_least=1, at_most=64)
    _, kept, _ = parse_spec(given.get("loss", "softmax"), "loss")
    config, space = make_space(
        make_config({**given, "judge_on": "validation", "evaluate": "brief"}),
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
    told = differing(identity(stored), identity(search))
    told += setting_differences(stored.settings, search.settings)
    if told:
        raise UsageError(
            f"`run-dir` must be empty or hold this search. Received: "
            f"{str(folder)!r}, which has {', '.join(told[:3])}.\nChoose "
            f"another --run-dir, or go on with its own settings."
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
