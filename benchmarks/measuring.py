"""What all benchmarks share: processes in turn, medians, tables.

Each measurement is a process of its own, so that neither threads, caches nor
memory of one are left to the next; the alternatives take turns (A B A B ...),
so that whatever else slows the machine slows them alike.
"""

import dataclasses
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

from tfcmc.foundation.errors import UsageError, check_number

ROOT = pathlib.Path(__file__).parents[1]
# How many threads each library takes, for those that read it here.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclasses.dataclass(frozen=True)
class Case:
    """One of the alternatives.

    Attributes:
        name: What its row is called.
        module: The module that measures it once, as `python -m` takes it; the
            last line it prints is a JSON object of numbers.
        words: Its arguments.
    """

    name: str
    module: str
    words: tuple


def add_common(parser, *, rounds=3):
    """Adds the options of all benchmarks.

    Args:
        parser: The parser.
        rounds: How many rounds by default.
    """
    parser.add_argument(
        "--rounds",
        type=int,
        default=rounds,
        metavar="INT",
        help=f"how often each alternative is measured (default: {rounds})",
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=available(),
        metavar="INT",
        help="cores and threads for each alternative (default: all, "
        f"{available()})",
    )


def add_numbers(parser, *options):
    """Adds options that are numbers.

    Args:
        parser: The parser.
        *options: `(name, value, told)`s: of the type of its default value.
    """
    for name, value, told in options:
        parser.add_argument(
            f"--{name}",
            type=type(value),
            default=value,
            metavar=type(value).__name__.upper(),
            help=f"{told} (default: {value})",
        )


def words_of(given, *names):
    """Writes options for the process that measures.

    Args:
        given: What `command_line.parse` returned.
        *names: Of the options.

    Returns:
        A tuple of words.
    """
    return tuple(f"--{name.replace('_', '-')}={given[name]}" for name in names)


def add_seconds(parser):
    """Adds how long a measurement takes, for those that repeat a call.

    Args:
        parser: The parser.
    """
    parser.add_argument(
        "--seconds",
        type=float,
        default=2.0,
        metavar="FLOAT",
        help="of each measurement after its warm-up, at least (default: 2.0)",
    )


def check_common(given):
    """Checks the options of all benchmarks.

    Args:
        given: What `command_line.parse` returned.

    Raises:
        UsageError: if one is out of range.
    """
    check_number("rounds", given["rounds"], whole=True, at_least=1)
    check_threads(given)


def check_threads(given):
    """Checks that there are as many cores as threads are wanted.

    Args:
        given: What `command_line.parse` returned.

    Raises:
        UsageError: if there are not.
    """
    check_number(
        "threads",
        given["threads"],
        whole=True,
        at_least=1,
        at_most=available(),
    )


def available():
    """Returns the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def has(package):
    """Says whether a package is installed, without importing it."""
    return importlib.util.find_spec(package) is not None


def in_turns(cases, *, rounds, threads):
    """Measures every case once a round.

    Args:
        cases: A list of `Case`.
        rounds: How many.
        threads: Cores and threads for each.

    Returns:
        Dict of the case's name to a list of what it measured, a dict a round.
    """
    found = {case.name: [] for case in cases}
    for number in range(rounds):
        for case in cases:
            _progress(f"round {number + 1} of {rounds}: {case.name}")
            found[case.name].append(measure(case, threads))
    _progress("")
    return found


def in_turns_by_key(cases, given):
    """Measures every case once a round, by the options of all benchmarks.

    Args:
        cases: Dict of anything to its `Case`.
        given: What `command_line.parse` returned.

    Returns:
        Dict of the same keys to a list of what was measured, a dict a round.
    """
    found = in_turns(
        list(cases.values()), rounds=given["rounds"], threads=given["threads"]
    )
    return {key: found[case.name] for key, case in cases.items()}


def measure(case, threads):
    """Measures a case in a process of its own.

    Args:
        case: A `Case`.
        threads: Cores and threads for it.

    Returns:
        The dict that it printed.

    Raises:
        UsageError: if it failed.
    """
    words = [
        f"--threads={threads}",
        f"--started={time.time()}",
        *map(str, case.words),
    ]
    settings = dict.fromkeys(THREAD_VARIABLES, str(threads))
    done = subprocess.run(
        [sys.executable, "-m", case.module, *words],
        cwd=ROOT,
        env={**os.environ, **settings, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise UsageError(
            f"Measuring {case.name!r} ended with exit code "
            f"{done.returncode}: {last[0][:500]}"
        )
    return json.loads(done.stdout.splitlines()[-1])


def summary(rounds, name):
    """Returns `(median, lowest, highest)` of a number over the rounds."""
    values = [measured[name] for measured in rounds]
    return statistics.median(values), min(values), max(values)


def ratio(above, below, name):
    """Compares two cases round by round.

    Args:
        above: What one measured, a dict a round.
        below: What the other measured in the same rounds.
        name: The number compared.

    Returns:
        `(median, lowest, highest)` of the rounds' ratios.
    """
    ratios = [
        {"ratio": one[name] / other[name]}
        for one, other in zip(above, below, strict=True)
    ]
    return summary(ratios, "ratio")


def spread(numbers, pattern):
    """Writes `(median, lowest, highest)` as "median (lowest to highest)"."""
    median, low, high = (format(number, pattern) for number in numbers)
    return f"{median} ({low} to {high})"


def verdict(name, value, target, *, at_least=True):
    """Writes a line that holds a number against what it should be.

    Args:
        name: What is held.
        value: The number.
        target: Its bound.
        at_least: Whether the bound is the lower one.

    Returns:
        "name: 2.9, at least 2.5: met".
    """
    met = value >= target if at_least else value <= target
    word = "at least" if at_least else "at most"
    told = "met" if met else "MISSED"
    return f"{name}: {value:,.3g}, {word} {target:,g}: {told}"


def table(head, rows):
    """Lines of columns, the first to the left and the others to the right."""
    cells = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        rest = [
            cell.rjust(width)
            for cell, width in zip(row[1:], widths[1:], strict=True)
        ]
        lines.append("  ".join([row[0].ljust(widths[0]), *rest]).rstrip())
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _progress(text):
    """Shows on a terminal what is being measured."""
    if sys.stderr.isatty():
        print(f"\r{text:<78}", end="\r", file=sys.stderr, flush=True)
