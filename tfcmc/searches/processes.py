"""Trials in processes of their own: what breaks there is only the trial."""

import dataclasses
import pathlib
import time

from tfcmc.cli import workers
from tfcmc.experiment.config import PretrainConfig
from tfcmc.experiment.recipe import make_plan, open_run
from tfcmc.report.summary import clock
from tfcmc.runs.folder import Run, make_folder
from tfcmc.runs.record import read_metrics
from tfcmc.searches.ranking import ranked, scores_of
from tfcmc.searches.records import (
    DONE,
    FAILED,
    OBJECTIVES,
    Search,
    trial_folder,
)
from tfcmc.searches.space import configure, values_text


class Progress:
    """Prints a line as a trial starts or ends.

    Args:
        search: What is searched for, its objective settled.
        trials: Those that have ended before.
        alone: Whether all trials that end are told here, so that the time
            left is known.
    """

    def __init__(self, search: Search, trials, *, alone: bool = True):
        self._alone = alone
        self._search = search
        self._trials = list(trials)
        self._start = time.monotonic()
        self._ended = 0

    def started(self, trial):
        """Prints what a trial is about to try."""
        epochs = f", to epoch {trial.epochs}"
        if trial.parent is not None:
            epochs = f", goes on from {trial.parent}{epochs}"
        self._print(trial, epochs if self._search.tuner == "hyperband" else "")

    def ended(self, trial):
        """Prints what a trial came to, the best so far, and the time left."""
        self._trials.append(trial)
        self._ended += 1
        failed = trial.status == FAILED
        told = f"failed: {trial.reason}" if failed else self._score(trial)
        if order := ranked(self._trials, self._search.objective):
            told += f"; best {self._score(order[0])}, trial {order[0].number}"
        left = self._search.trials - len(self._trials)
        if self._alone and left > 0:
            rate = (time.monotonic() - self._start) / self._ended
            told += f"; {left} to go, {clock(left * rate)}"
        self._print(trial, f": {told}")

    def _score(self, trial):
        name = self._search.objective
        return OBJECTIVES[name].words(trial.scores[name])

    def _print(self, trial, told):
        width = len(str(self._search.trials - 1))
        values = values_text(trial.values)
        print(f"trial {trial.number:{width}}: {values}{told}", flush=True)


@dataclasses.dataclass(frozen=True)
class Processes:
    """Runs trials of a search; `config` is what all have in common."""

    search: Search
    config: PretrainConfig
    folder: pathlib.Path
    progress: Progress

    def __call__(self, proposals):
        """Yields what is proposed as it ends, with what it came to."""
        waiting = {trial.number: trial for trial in proposals}
        started = {}

        def start(job):
            started[job.name] = time.monotonic()
            self.progress.started(waiting[job.name])

        for ended in workers.run_all(
            [self._job(trial) for trial in proposals],
            at_once=self.search.jobs,
            show=lambda job, line: None,
            started=start,
        ):
            number = ended.job.name
            trial = dataclasses.replace(
                waiting[number],
                seconds=round(time.monotonic() - started[number], 3),
                **self._outcome(ended),
            )
            self.progress.ended(trial)
            yield trial

    def _job(self, trial):
        words = [f"--until={trial.epochs}"]
        if trial.parent is not None:
            parent = trial_folder(self.folder, trial.parent)
            words.append(f"--parent={parent}")
        words.append(f"--beside={self.folder / 'default'}")
        folder = trial_folder(self.folder, trial.number)
        config = configure(self.config, trial.values)
        return _job(trial.number, folder, config, words)

    def _outcome(self, ended):
        """Reads what became of a trial, as fields of its record."""
        if ended.code != 0:
            return {"status": FAILED, "reason": ended.reason}
        scores = scores_of(read_metrics(Run(ended.job.folder)))
        if (objective := self.search.objective) in scores:
            return {"status": DONE, "scores": scores}
        told = f"its {objective} is no number"
        return {"status": FAILED, "reason": told, "scores": scores}


def run_default(config: PretrainConfig, folder: pathlib.Path) -> tuple:
    """Trains and judges the loss as it is, unless that was done.

    Returns:
        `(scores, reason)`: objective to number, and why there are none.
    """
    job = _job("default", folder / "default", config, ())
    run = Run(job.folder)
    if read_metrics(run) is None:
        (ended,) = workers.run_all(
            [job], at_once=1, show=lambda job, line: None
        )
        if ended.code != 0:
            return {}, ended.reason
    return scores_of(read_metrics(run)), None


def _job(name, folder, config, words):
    """Prepares a run folder, and returns the `Job` that trains and judges."""
    config = dataclasses.replace(config, run_dir=str(folder))
    run = open_run(make_plan(config, check_data=False))
    make_folder(folder)
    run.write_json("config.json", dataclasses.asdict(config))
    return workers.Job(
        name, ("tfcmc.searches.trial", str(folder), *words), folder
    )
