"""Trials in processes of their own: what breaks there is only the trial."""

import dataclasses
import pathlib
import time

from tfcmc.cli import workers
from tfcmc.experiment.recipe import make_plan, open_run
from tfcmc.runs.folder import Run, make_folder
from tfcmc.runs.record import read_metrics
from tfcmc.search.ranking import scores_of
from tfcmc.search.records import FAILED, Trial, trial_folder
from tfcmc.search.space import configure


class Processes:
    """Runs the trials of a search, each in its run folder.

    Args:
        search: The `Search`.
        config: A `PretrainConfig`: what all trials have in common.
        folder: Path of the search.
        progress: A `Progress`, told what starts and ends.
    """

    def __init__(self, search, config, folder, progress):
        self._objective = search.objective
        self._at_once = search.jobs
        self._config = config
        self._folder = pathlib.Path(folder)
        self._progress = progress

    def __call__(self, proposals):
        """Yields the `Trial` of each of the `Proposal`s as it ends."""
        waiting = {p.number: p for p in proposals}
        started = {}

        def start(job):
            started[job.name] = time.monotonic()
            self._progress.started(waiting[job.name])

        for ended in workers.run_all(
            [self._job(proposal) for proposal in proposals],
            at_once=self._at_once,
            show=lambda job, line: None,
            started=start,
        ):
            number = ended.job.name
            seconds = time.monotonic() - started[number]
            trial = self._trial(waiting[number], ended, seconds)
            self._progress.ended(trial)
            yield trial

    def _job(self, proposal):
        folder = trial_folder(self._folder, proposal.number)
        config = configure(self._config, proposal.values)
        prepare(folder, config)
        words = [f"--until={proposal.epochs}"]
        if proposal.parent is not None:
            parent = trial_folder(self._folder, proposal.parent)
            words.append(f"--parent={parent}")
        words.append(f"--beside={self._folder / 'default'}")
        return job(proposal.number, folder, words)

    def _trial(self, proposal, ended, seconds):
        trial = Trial(
            number=proposal.number,
            values=proposal.values,
            epochs=proposal.epochs,
            parent=proposal.parent,
            seconds=round(seconds, 3),
        )
        if ended.code != 0:
            return dataclasses.replace(
                trial, status=FAILED, reason=ended.reason
            )
        folder = trial_folder(self._folder, proposal.number)
        scores = scores_of(read_metrics(Run(folder)))
        trial = dataclasses.replace(trial, scores=scores)
        if self._objective not in scores:
            return dataclasses.replace(
                trial,
                status=FAILED,
                reason=f"its {self._objective} is no number",
            )
        return trial


def run_default(config, folder):
    """Trains and judges the loss as it is, unless that was done.

    Args:
        config: A `PretrainConfig`.
        folder: Path of the search.

    Returns:
        `(scores, reason)`: objective to number, and why there are none.
    """
    run = Run(pathlib.Path(folder) / "default")
    prepare(run.folder, config)
    found = read_metrics(run)
    if found is not None:
        return scores_of(found), None
    (ended,) = workers.run_all(
        [job("default", run.folder, [])],
        at_once=1,
        show=lambda job, line: None,
    )
    if ended.code != 0:
        return {}, ended.reason
    return scores_of(read_metrics(run)), None


def prepare(folder, config):
    """Makes a run folder that says what is to be trained in it.

    Args:
        folder: Path of the run folder.
        config: A `PretrainConfig`.

    Raises:
        UsageError: if it holds another run, or cannot be written to.
    """
    config = dataclasses.replace(config, run_dir=str(folder))
    run = open_run(make_plan(config, check_data=False))
    make_folder(folder)
    run.write_json("config.json", dataclasses.asdict(config))


def job(name, folder, words):
    """Returns the `Job` that trains and judges in a run folder."""
    return workers.Job(
        name,
        ("tfcmc.search.trial", str(folder), *words),
        folder,
    )
