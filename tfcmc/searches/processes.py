"""Trials in processes of their own: what breaks there is only the trial."""

import dataclasses
import pathlib
import signal
import time

from tfcmc.cli import faults, workers
from tfcmc.experiment.config import PretrainConfig
from tfcmc.experiment.recipe import make_plan, open_run
from tfcmc.foundation.errors import TrainingFailed
from tfcmc.report.summary import clock
from tfcmc.runs.folder import Run, make_folder
from tfcmc.runs.record import read_history, read_metrics
from tfcmc.searches.hopeless import is_hopeless
from tfcmc.searches.ranking import ranked, scores_of
from tfcmc.searches.records import (
    DONE,
    FAILED,
    LABELLED,
    OBJECTIVES,
    STOPPED,
    Search,
    read_trials,
    trial_folder,
)
from tfcmc.searches.space import configure, values_text

# Exit codes of a process that a signal told to stop.
STOPPING = (128 + signal.SIGHUP, 128 + signal.SIGINT, 128 + signal.SIGTERM)


class Progress:
    """Prints a line as a trial starts or ends.

    Args:
        search: What is searched for, its objective settled.
        trials: Those that have ended before.
        alone: Whether all trials that end are told here, so that the time
            left is known.
    """

    def __init__(self, search: Search, trials, *, alone: bool = True):
        self.alone = alone
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
        told = f"{trial.status}: {trial.reason}"
        if trial.status == DONE:
            told = self._score(trial)
        if order := ranked(self._trials, self._search.objective):
            told += f"; best {self._score(order[0])}, trial {order[0].number}"
        left = self._search.trials - len(self._trials)
        if self.alone and left > 0:
            spent = time.monotonic() - self._start
            jobs = self._search.jobs
            rest = workers.seconds_left(spent, self._ended, left, jobs)
            told += f"; {left} to go, {clock(rest)}"
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
        # Of those that ended before: which of a round ends first is chance.
        started, hopeless = {}, {}
        others = self._curves(min(waiting, default=0))

        def start(job):
            started[job.name] = time.monotonic()
            self.progress.started(waiting[job.name])

        def stop(job, line):
            if not line.startswith("  epoch") or job.name in hopeless:
                return False
            curve = curve_of(Run(job.folder))
            if curve and is_hopeless(curve, others):
                best = max(each[-1] for each in others)
                hopeless[job.name] = (
                    f"{100 * curve[-1]:.1f} % by the nearest neighbours of "
                    f"the held-out pictures after {len(curve)} of "
                    f"{waiting[job.name].epochs} epochs has no chance of the "
                    f"best, {100 * best:.1f} %"
                )
            return job.name in hopeless

        for ended in workers.run_all(
            [self._job(trial) for trial in proposals],
            at_once=self.search.jobs,
            show=stop,
            started=start,
        ):
            number = ended.job.name
            trial = dataclasses.replace(
                waiting[number],
                seconds=round(time.monotonic() - started[number], 3),
                **self._outcome(ended, hopeless.get(number)),
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

    def _curves(self, number):
        """The curves that a trial is measured by; none where it is not."""
        search = self.search
        # Hyperband stops trials by itself, and a worker knows its own alone.
        if search.tuner == "hyperband" or search.objective not in LABELLED:
            return []
        if not self.progress.alone:
            return []
        # Those of its own round do not count, though it went on after a stop.
        first = number - number % search.jobs
        folders = [
            trial_folder(self.folder, trial.number)
            for trial in read_trials(self.folder)
            if trial.status == DONE and trial.number < first
        ]
        default = Run(self.folder / "default")
        if read_metrics(default) is not None:  # trained to the end
            folders.insert(0, default.folder)
        return list(filter(None, map(curve_of, map(Run, folders))))

    def _outcome(self, ended, hopeless):
        """Reads what became of a trial, as fields of its record."""
        if hopeless and ended.code != 0:
            return {"status": STOPPED, "reason": hopeless}
        if ended.code in STOPPING or (
            ended.told.startswith(faults.FAILED)
            and faults.MEMORY not in ended.told
        ):  # no fault of the trial: it goes on at the next start
            raise TrainingFailed(f"trial {ended.job.name}: {ended.reason}")
        if ended.code != 0:
            return {"status": FAILED, "reason": ended.reason}
        scores = scores_of(read_metrics(Run(ended.job.folder)))
        if (objective := self.search.objective) in scores:
            return {"status": DONE, "scores": scores}
        told = f"its {objective} is no number"
        return {"status": FAILED, "reason": told, "scores": scores}


def curve_of(run: Run) -> list[float]:
    """Returns the held-out accuracy of each epoch of a run.

    That of nearest neighbours; none where there are no labels.
    """
    rows = read_history(run)
    return [row["knn"] for row in rows] if rows and "knn" in rows[0] else []


def run_default(config: PretrainConfig, folder: pathlib.Path) -> tuple:
    """Trains and judges the loss as it is, unless that was done.

    Returns:
        `(scores, reason)`: objective to number, and why there are none.
    """
    # What is compared with is trained to the end, whatever becomes of it.
    config = dataclasses.replace(config, stop_on_collapse=False)
    job = _job("default", folder / "default", config, ())
    run = Run(job.folder)
    if read_metrics(run) is None:
        ended, _ = workers.run_one(job)
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
