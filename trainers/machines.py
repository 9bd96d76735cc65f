"""Commands that run on several machines at once, one process on each."""

import contextlib
import os

from tfcmc.checks import must
from tfcmc.cluster import is_named, read_cluster
from tfcmc.watch import together
from trainers import command_line


def check_alone(strategy: str) -> None:
    """Checks that the trainings a command starts run on this machine alone.

    Args:
        strategy: The name of a strategy.

    Raises:
        UsageError: if each would wait for the machines that TF_CONFIG names.
    """
    if is_named(strategy):
        raise must(
            "strategy",
            "one or mirrored, or TF_CONFIG unset: what this command trains "
            "runs on one machine",
            strategy,
        )


@contextlib.contextmanager
def all_present(strategy, advice):
    """Starts when all machines are there, and stops where one is lost.

    Args:
        strategy: The name of a strategy; nothing happens unless it is of the
            machines that TF_CONFIG names.
        advice: A sentence for the user to read where one is lost.

    Raises:
        UsageError: if TF_CONFIG does not do, or a machine does not come.
    """

    def end(words):
        command_line.abandon(f"Stopped: {words}. {advice}")

    if is_named(strategy):
        # Once another machine is done, TensorFlow calls it crashed.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with together(read_cluster(), end):
            yield
    else:
        yield
