"""How many threads linear algebra takes."""

import functools
import os
from concurrent import futures

from tfcmc.foundation.lazy import LazyModule

threadpoolctl = LazyModule("threadpoolctl")

MOST = 8  # at once: each probe holds its own copy of the features


def on_one_thread(function):
    """Keeps a function's linear algebra on one thread.

    For scikit-learn's fits, whose products are too small to share: threads
    wait for each other longer than they compute. On two idle cores a linear
    probe of 2,000 x 384 features takes five times as long on two threads as
    on one, and far longer beside other programs.
    """

    @functools.wraps(function)
    def limited(*parts, **options):
        with threadpoolctl.threadpool_limits(limits=1):
            return function(*parts, **options)

    return limited


def together(*tasks) -> list:
    """Runs functions side by side, the linear algebra of each on one thread.

    The limit is set here once for all: one that a task set by itself would
    end with it, while others run. A task may have tasks of its own.

    Args:
        *tasks: Functions without arguments.

    Returns:
        What they return, in their order.
    """
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))  # of a comparison's share
    with (
        threadpoolctl.threadpool_limits(limits=1),
        futures.ThreadPoolExecutor(min(cores, MOST)) as pool,
    ):
        return list(pool.map(lambda task: task(), tasks))
