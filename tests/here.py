"""Commands in this process, where Keras is already, and jobs of them."""

import contextlib
import functools
import importlib
import io

import pytest

from tfcmc.cli import command_line, workers


class Killed(BaseException):
    """Stands for the end of the process."""


def ran(main, words):
    """Runs a command; returns its code, what it printed and told."""
    printed, told, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(told):
        try:
            command_line.run(functools.partial(main, words))
        except SystemExit as ended:
            code = ended.code
    return code, printed.getvalue(), told.getvalue()


def run_here(jobs, *, at_once, show, started=lambda job: None, killed_at=None):
    """Runs jobs one after the other; at the one `killed_at` it is killed."""
    for job in jobs:
        started(job)
        if job.name == killed_at:
            raise Killed
        module, *words = job.words
        code, printed, told = ran(importlib.import_module(module).main, words)
        with open(job.log, "a", encoding="utf-8") as log:
            log.write(printed + told)
        for line in printed.splitlines():
            show(job, line)
        yield workers.Ended(job, code, told.strip())


@contextlib.contextmanager
def in_this_process(killed_at=-1):
    """Lets commands run here what would be processes of their own."""
    run = functools.partial(run_here, killed_at=killed_at)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "run_all", run)
        yield
