"""Searches side by side: each loss at its defaults and at its best.

TensorFlow is not needed here.
"""

import dataclasses
import pathlib

from tfcmc.comparison.entries import Variant
from tfcmc.foundation.errors import UsageError, must
from tfcmc.foundation.registry import parse_spec
from tfcmc.report.summary import count_epochs
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import CIRCUMSTANCES, PLACE, data_differences
from tfcmc.runs.record import identity_of
from tfcmc.search.ranking import best_trial, open_search, settings_of
from tfcmc.search.records import FAILED, Search, Trial, trial_folder

# What need not agree between searches.
APART = {*CIRCUMSTANCES, *PLACE, "loss", "seed"}


@dataclasses.dataclass(frozen=True)
class Contender:
    """A loss that was tuned.

    Attributes:
        folder: Path of its search.
        search: The `Search`.
        trials: Its `Trial`s.
        best: The best of them.
        default: The settings of its defaults, setting name to value.
        tuned: The settings of the best.
    """

    folder: pathlib.Path
    search: Search
    trials: tuple
    best: Trial
    default: dict
    tuned: dict

    @property
    def chosen(self):
        """Names of the settings that differ besides the loss."""
        return tuple(
            name
            for name in self.tuned
            if name != "loss" and self.tuned[name] != self.default[name]
        )

    @property
    def budget(self):
        """What the search was given, and what it was to do with it."""
        return {
            "trials": len(self.trials),
            "epochs a trial": self.default["epochs"],
            "objective": self.search.objective,
            "tuner": self.search.tuner,
        }


def contenders(folders):
    """Reads searches of equal budgets.

    Args:
        folders: Their paths.

    Returns:
        `Contender`s.

    Raises:
        UsageError: if a folder holds no search with a trial that is done, two
            are of one loss, or their budgets differ.
    """
    found = [_contender(pathlib.Path(folder)) for folder in folders]
    losses = [each.default["loss"] for each in found]
    for loss in losses:
        if losses.count(loss) > 1:
            raise must("tuned", "searches of different losses", losses)
    for each in found:
        # Other encoders start otherwise: nothing would be equal.
        if _searched(each.search, "encoder"):
            raise must(
                "tuned",
                "searches that leave the encoder as it is",
                f"{each.folder}, over {', '.join(each.search.space)}",
            )
    _check_equal(found, "budgets", [each.budget for each in found], {})
    _check_one_data(found)
    return found


def variants(found, given):
    """Settles what is trained: each loss at its defaults and at its best.

    Args:
        found: `Contender`s.
        given: The settings of the command line; the rest are the searches'.

    Returns:
        `(variants, places)`: `Variant`s, and for each search the places of
        its defaults and its best among them, the same where they are equal.

    Raises:
        UsageError: if the searches differ in a setting that is not given, or
            one that is given was chosen by a search.
    """
    for each in found:
        for name in given:
            if _searched(each.search, name):
                raise UsageError(
                    f"`{name.replace('_', '-')}` must be left to the search "
                    f"that chose it, {each.folder}. Received: {given[name]!r}"
                )
    shared = [
        {name: each.default[name] for name in each.default.keys() - APART}
        for each in found
    ]
    _check_equal(found, "settings", shared, given)
    # The same pictures may lie in another place for each.
    place = {name: found[0].default[name] for name in PLACE} | given
    result, places = [], []
    for each in found:
        first = len(result)
        result.append(Variant({**each.default, **place}))
        if each.tuned != each.default:
            settings = {**each.tuned, **place}
            result.append(Variant(settings, each.chosen))
        places.append((first, len(result) - 1))
    return result, places


def notes(found, seeds):
    """Yields sentences on what the tuned rows rest on.

    Args:
        found: `Contender`s.
        seeds: The seeds that are compared.
    """
    yield (
        "Tuned rows are at the best trial of a search of that loss. All "
        "searches had the same budget, and chose on the validation part, "
        "which is a fifth of the train part."
    )
    for each in found:
        search = each.search
        failed = sum(trial.status == FAILED for trial in each.trials)
        broken = f", {failed} of which failed" if failed else ""
        yield (
            f"{each.folder}: {search.loss} over {', '.join(search.space)}, "
            f"{len(each.trials)} trials of "
            f"{count_epochs(each.default['epochs'])}{broken}, by the "
            f"{search.tuner} tuner for {search.objective}, at seed "
            f"{each.default['seed']}; the best is trial {each.best.number}."
        )
    own = sorted({each.default["seed"] for each in found} & set(seeds))
    if own:
        yield (
            f"Seed {', '.join(map(str, own))} is also what the searches "
            f"chose at: there tuned rows may gain what other seeds do not."
        )


def _searched(search, setting):
    """Whether a search chose a setting of the run, or an option in it."""
    _, options, _ = parse_spec(search.loss)
    return any(
        name.partition(".")[0] == setting and name not in options
        for name in search.space
    )


def _contender(folder):
    search, trials = open_search(folder)
    best = best_trial(search, trials)
    if best is None:
        raise must("tuned", "searches with a trial that is done", str(folder))
    return Contender(
        folder,
        search,
        tuple(trials),
        best,
        settings_of(folder / "default", search),
        settings_of(trial_folder(folder, best.number), search),
    )


def _check_equal(found, what, records, given):
    """Refuses searches that differ in what is not given otherwise."""
    for name in sorted(records[0].keys() - given.keys()):
        for each, record in zip(found, records, strict=True):
            if record.get(name) == records[0][name]:
                continue
            raise UsageError(
                f"`tuned` must be searches of equal {what}. Received: "
                f"{name} {records[0][name]!r} of {found[0].folder} and "
                f"{record.get(name)!r} of {each.folder}"
            )


def _check_one_data(found):
    """Refuses searches on other pictures than the first one's."""
    first, *rest = found
    wanted = identity_of(Run(first.folder / "default"))["data"]
    for each in rest:
        data = identity_of(Run(each.folder / "default"))["data"]
        if told := data_differences(data, wanted):
            raise UsageError(
                f"`tuned` must be searches on the same pictures. Received: "
                f"{each.folder}, which had {told} as {first.folder}"
            )
