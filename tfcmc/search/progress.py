"""What is seen of a search while it runs: a line as a trial starts or ends."""

import time

from tfcmc.report.summary import clock
from tfcmc.search.ranges import values_text
from tfcmc.search.ranking import best_trial
from tfcmc.search.records import DONE
from tfcmc.search.table import TITLES

FORMS = {
    "linear_probe": "{:.1%}",
    "knn": "{:.1%}",
    "alignment_uniformity": "{:.3f}",
    "effective_rank": "{:.0f}",
}


class Progress:
    """Prints how a search goes.

    Args:
        search: The `Search`.
        trials: The `Trial`s that have ended before.
        alone: Whether all trials that end are told here, so that the time
            left is known.
    """

    def __init__(self, search, trials, *, alone=True):
        self._alone = alone
        self._search = search
        self._trials = list(trials)
        self._start = time.monotonic()
        self._ended = 0

    def started(self, proposal):
        """Prints what a trial is about to try."""
        epochs = f", to epoch {proposal.epochs}"
        if proposal.parent is not None:
            epochs = f", goes on from {proposal.parent}{epochs}"
        if self._search.tuner != "hyperband":
            epochs = ""
        print(
            f"{self._name(proposal.number)}: "
            f"{values_text(proposal.values)}{epochs}",
            flush=True,
        )

    def ended(self, trial):
        """Prints what a trial came to, the best so far, and the time left."""
        self._trials.append(trial)
        self._ended += 1
        told = f"failed: {trial.reason}"
        if trial.status == DONE:
            told = self.told(trial)
        top = best_trial(self._search, self._trials)
        if top is not None:
            told += f"; best {self.told(top)}, trial {top.number}"
        left = self._search.trials - len(self._trials)
        if self._alone and left > 0:
            rate = (time.monotonic() - self._start) / self._ended
            told += f"; {left} to go, {clock(left * rate)}"
        print(
            f"{self._name(trial.number)}: {values_text(trial.values)}: {told}",
            flush=True,
        )

    def told(self, trial):
        """Writes the score of a trial that was done."""
        return score_text(self._search.objective, trial.scores)

    def _name(self, number):
        width = len(str(self._search.trials - 1))
        return f"trial {number:{width}}"


def score_text(objective, scores):
    """Writes a score with its title."""
    text = FORMS[objective].format(scores[objective]).replace("%", " %")
    return f"{TITLES[objective]} {text}"
