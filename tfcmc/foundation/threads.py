"""How many threads linear algebra takes."""

import functools

from tfcmc.foundation.lazy import LazyModule

threadpoolctl = LazyModule("threadpoolctl")


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
