"""One measurement, in a process of its own: its cores, clock and memory.

    python -m benchmarks.child MODULE SETTINGS

calls MODULE's `measure` with SETTINGS, a JSON object with the number of
`threads`, and prints what it returns as JSON. `benchmarks.measuring` runs it.
"""

import importlib
import json
import os
import resource
import statistics
import sys
import time

from tfcmc.foundation.lazy import tf


def keep_to_cores(threads: int) -> None:
    """Leaves this process and all it starts as many cores as threads."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:threads])


def set_tensorflow_threads(threads: int) -> None:
    """Sets how many threads TensorFlow takes, before its first operation."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def user_seconds() -> float:
    """Returns the user's processor time of this process, all its threads."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def in_rounds(calls: dict, seconds: float) -> dict:
    """Times functions in turns until the time is up, each at least once.

    Args:
        calls: Name to a function of nothing that returns once its work is
            done.
        seconds: How long to go on.

    Returns:
        Name to the median of its calls, in seconds.
    """
    taken = {name: [] for name in calls}
    start = time.perf_counter()
    while not all(taken.values()) or time.perf_counter() - start < seconds:
        for name, call in calls.items():
            before = time.perf_counter()
            call()
            taken[name].append(time.perf_counter() - before)
    return {name: statistics.median(times) for name, times in taken.items()}


def seconds_a_call(call, seconds: float) -> float:
    """Times one function likewise."""
    return in_rounds({"call": call}, seconds)["call"]


def main(module: str, settings: str) -> None:
    """Measures, and prints a line of JSON."""
    settings = json.loads(settings)
    keep_to_cores(settings["threads"])
    found = importlib.import_module(module).measure(**settings)
    print(json.dumps(found), flush=True)
    # Threads that read ahead would abort an orderly end.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
