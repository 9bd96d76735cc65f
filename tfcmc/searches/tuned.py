"""Searches side by side: each loss at its defaults and at its best.

TensorFlow is not needed here.
"""

import collections
import dataclasses

from tfcmc.comparison.entries import Variant
from tfcmc.experiment.config import overlaid
from tfcmc.foundation.errors import UsageError, must
from tfcmc.report.summary import count_epochs
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import CIRCUMSTANCES, PLACE, data_differences
from tfcmc.runs.record import identity_of
from tfcmc.searches.ranking import Results, open_search
from tfcmc.searches.records import FAILED, STOPPED
from tfcmc.searches.space import setting_of

# What need not agree between searches.
APART = {*CIRCUMSTANCES, *PLACE, "loss", "seed"}


@dataclasses.dataclass(frozen=True)
class Contender(Results):
    """A search that tuned a loss."""

    before: dict  # the settings of the loss's defaults, name to value
    after: dict  # those of the best trial

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the settings that differ besides the loss."""
        return tuple(
            name
            for name in self.after
            if name != "loss" and self.after[name] != self.before[name]
        )

    @property
    def budget(self) -> dict:
        """What the search was given, and what it was to do with it."""
        return {
            "trials": len(self.trials),
            "epochs a trial": self.before["epochs"],
            "objective": self.search.objective,
            "tuner": self.search.tuner,
        }

    def searched(self, setting: str) -> bool:
        """Whether the search chose a setting of the run, or in its spec."""
        return setting in map(setting_of, self.search.space)


def contenders(folders) -> list[Contender]:
    """Reads searches of equal budgets.

    Raises:
        UsageError: if a folder holds no search with a trial that is done, two
            are of one loss, or their budgets differ.
    """
    found = [_contender(folder) for folder in folders]
    losses = [each.before["loss"] for each in found]
    if len(set(losses)) < len(losses):
        raise must("tuned", "searches of different losses", losses)
    for each in found:
        # Other encoders start otherwise: nothing would be equal.
        if each.searched("encoder"):
            raise must(
                "tuned",
                "searches that leave the encoder as it is",
                f"{each.folder}, over {', '.join(each.search.space)}",
            )
    _check_equal(found, "budgets", [each.budget for each in found], {})
    _check_one_data(found)
    return found


def variants(found: list[Contender], given: dict) -> tuple[list, list]:
    """Settles what is trained: each loss at its defaults and at its best.

    Args:
        given: The settings of the command line; the rest are the searches'.

    Returns:
        `Variant`s, and for each search the places of its defaults and its
        best among them, the same where they are equal.

    Raises:
        UsageError: if the searches differ in a setting that is not given, or
            one that is given was chosen by a search.
    """
    for each in found:
        for name in given:
            if each.searched(name):
                raise UsageError(
                    f"`{name.replace('_', '-')}` must be left to the search "
                    f"that chose it, {each.folder}. Received: {given[name]!r}"
                )
    shared = [
        {name: each.before[name] for name in each.before.keys() - APART}
        for each in found
    ]
    _check_equal(found, "settings", shared, given)
    # The same pictures may lie in another place for each.
    place = {name: found[0].before[name] for name in PLACE} | given
    result, places = [], []
    for each in found:
        first = len(result)
        result.append(Variant(overlaid(each.before, place)))
        if each.after != each.before:
            settings = overlaid(each.after, place)
            result.append(Variant(settings, each.chosen))
        places.append((first, len(result) - 1))
    return result, places


def notes(found: list[Contender], seeds):
    """Yields sentences on what the tuned rows rest on, of these seeds."""
    yield (
        "Tuned rows are at the best trial of a search of that loss. All "
        "searches had the same budget, and chose on the train part, each "
        "fifth of it judged by probes fitted on the rest."
    )
    for each in found:
        search = each.search
        ended = collections.Counter(trial.status for trial in each.trials)
        broken = "".join(
            f", {ended[status]} of which {status}"
            for status in (FAILED, STOPPED)
            if ended[status]
        )
        yield (
            f"{each.folder}: {search.loss} over {', '.join(search.space)}, "
            f"{len(each.trials)} trials of "
            f"{'at most ' if search.tuner == 'hyperband' else ''}"
            f"{count_epochs(each.before['epochs'])}{broken}, by the "
            f"{search.tuner} tuner for {search.objective}, at seed "
            f"{each.before['seed']}; the best is trial "
            f"{each.best.number}."
        )
    own = sorted({each.before["seed"] for each in found} & set(seeds))
    if own:
        yield (
            f"Seed {', '.join(map(str, own))} is also what the searches "
            f"chose at: there tuned rows may gain what other seeds do not."
        )


def _contender(folder):
    found = open_search(folder)
    if found.best is None:
        raise must("tuned", "searches with a trial that is done", str(folder))
    settings = found.settings_of(None), found.settings_of(found.best)
    return Contender(found.folder, found.search, found.trials, *settings)


def _check_equal(found, what, records, given):
    """Refuses searches that differ in what is not given otherwise."""
    for name in sorted(records[0].keys() - given.keys()):
        for each, record in zip(found, records, strict=True):
            if record.get(name) != records[0][name]:
                raise UsageError(
                    f"`tuned` must be searches of equal {what}. Received: "
                    f"{name} {records[0][name]!r} of {found[0].folder} and "
                    f"{record.get(name)!r} of {each.folder}"
                )


def _check_one_data(found):
    """Refuses searches on other pictures than the first one's."""
    wanted, *others = (
        identity_of(Run(each.folder / "default"))["data"] for each in found
    )
    for each, data in zip(found[1:], others, strict=True):
        if told := data_differences(data, wanted):
            raise UsageError(
                f"`tuned` must be searches on the same pictures. Received: "
                f"{each.folder}, which had {told} as {found[0].folder}"
            )
