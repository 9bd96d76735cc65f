"""One measurement, in a process of its own: its cores, clock and memory.

    python -m benchmarks.child MODULE SETTINGS

calls MODULE's `measure` with SETTINGS, a JSON object with the number of
`threads`, and prints what it returns as JSON. `benchmarks.measuring` runs it.
"""

import importlib
import json
import os
import pathlib
import re
import resource
import statistics
import sys
import time

from tfcmc.foundation.lazy import tf

STATUS = pathlib.Path("/proc/self/status")
CLEAR = pathlib.Path("/proc/self/clear_refs")


def keep_to_cores(threads: int) -> None:
    """Leaves this process and all it starts as many cores as threads."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:threads])


def set_tensorflow_threads(threads: int) -> None:
    """Sets how many threads TensorFlow takes, before its first operation."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


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


def megabytes_of(function):
    """Runs a function and says how far above its start memory rose.

    Returns:
        `(megabytes, result)`: the peak while it ran less what the process
        held before, in MB of a million bytes. Where the peak cannot be set
        back, it may be an earlier one: then this is too high, never too low.
    """
    if CLEAR.exists():
        CLEAR.write_text("5")  # Linux: the peak is what is held now
    before = _status("VmRSS") or _highest()
    result = function()
    return (_status("VmHWM") or _highest()) / 1e6 - before / 1e6, result


def _status(name):
    """Returns a line of Linux's record of this process, in bytes, or None."""
    if not STATUS.exists():
        return None
    return 1024 * int(re.search(rf"{name}:\s+(\d+)", STATUS.read_text())[1])


def _highest():
    """Returns the highest memory of this process so far, in bytes."""
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else 1024 * highest


def main(module: str, settings: str) -> None:
    """Measures, and prints a line of JSON."""
    settings = json.loads(settings)
    keep_to_cores(settings["threads"])
    found = importlib.import_module(module).measure(**settings)
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
