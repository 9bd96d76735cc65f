"""What a measuring process needs: its cores, its clock and its memory."""

import argparse
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


def make_parser(manual):
    """Returns a parser of what `measuring.measure` passes on.

    Args:
        manual: The module's docstring.
    """
    parser = argparse.ArgumentParser(
        description=manual,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--threads", type=int, default=1, help="and cores")
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="to measure for, at least"
    )
    parser.add_argument(
        "--started",
        type=float,
        default=time.time(),
        help="when this process was started, in seconds since 1970",
    )
    return parser


def keep_to_cores(threads):
    """Leaves this process and all it starts as many cores as threads."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:threads])


def set_tensorflow_threads(threads):
    """Sets how many threads TensorFlow takes, before its first operation."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def report(**numbers):
    """Prints what was measured, as the line that `measure` reads."""
    print(json.dumps(numbers), flush=True)


def seconds_a_call(function, seconds):
    """Times a function until the time is up, at least once.

    Args:
        function: Takes nothing; returns once its work is done.
        seconds: How long to go on.

    Returns:
        The median of its calls, in seconds.
    """
    durations = []
    start = time.perf_counter()
    while not durations or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        function()
        durations.append(time.perf_counter() - before)
    return statistics.median(durations)


def megabytes_of(function):
    """Runs a function and says how far above its start memory rose.

    Args:
        function: Takes nothing; returns once its work is done.

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
