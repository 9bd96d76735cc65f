"""How many cores there are, and how many linear algebra takes."""

import functools
import importlib
import os
import threading
from concurrent import futures

from tfcmc.foundation.lazy import LazyModule

threadpoolctl = LazyModule("threadpoolctl")

MOST = 8  # at once: each probe holds its own copy of the features
_here = threading.local()  # what a thread of `together` has from the first


def cores() -> int:
    """Returns how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))  # of a comparison's share
    return os.cpu_count() or 1


def on_one_thread(function):
    """Keeps a function's linear algebra on one thread.

    For scikit-learn's fits, whose products are too small to share: threads
    wait for each other longer than they compute. On two idle cores a linear
    probe of 2,000 x 384 features takes five times as long on two threads as
    on one, and far longer beside other programs.
    """

    @functools.wraps(function)
    def limited(*parts, **options):
        with _libraries().limit(limits=1):
            return function(*parts, **options)

    return limited


def _libraries():
    """Finds the libraries whose threads can be limited."""
    # A thread of `together` has them from the one that started it. To look
    # for them beside a thread that imports one can last for ever with
    # threadpoolctl 3.1 (3.8 looks otherwise): the look holds the system's list
    # of libraries and waits for Python's lock, the import holds that and waits
    # for the list.
    known = getattr(_here, "libraries", None)
    return known or threadpoolctl.ThreadpoolController()


def together(*tasks, needs: tuple = ()) -> list:
    """Runs functions side by side, the linear algebra of each on one thread.

    The limit is set here once for all: one that a task set by itself would
    end with it, while others run. A task may have tasks of its own.

    Args:
        *tasks: Functions without arguments.
        needs: Modules that they import, whose libraries have to be there
            when the limit is set.

    Returns:
        What they return, in their order.
    """
    for name in needs:
        importlib.import_module(name)
    libraries = _libraries()

    def begin():
        _here.libraries = libraries
        libraries.limit(limits=1)  # OpenMP keeps a number for each thread

    with (
        libraries.limit(limits=1),
        futures.ThreadPoolExecutor(
            min(cores(), MOST), initializer=begin
        ) as pool,
    ):
        return list(pool.map(lambda task: task(), tasks))
