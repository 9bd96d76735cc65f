"""What all benchmarks share: options, processes in turn, medians, tables.

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

from tfcmc.cli import command_line
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.registry import Number

ROOT = pathlib.Path(__file__).parents[1]
# How many threads each library takes, for those that read it here.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
COUNT = Number(at_least=1, whole=True)


def available() -> int:
    """Returns the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclasses.dataclass(frozen=True)
class Option:
    """An option that is a number, or several of one type.

    Attributes:
        default: A number, or a tuple of them.
        told: Its help.
        legal: Of each.
    """

    default: object
    told: str
    legal: Number = COUNT


ROUNDS = Option(3, "how often each alternative is measured")
THREADS = Option(
    available(),
    "cores and threads for each measurement",
    Number(at_least=1, at_most=available(), whole=True),
)
BATCH = Option(128, "pictures a step", Number(at_least=2, whole=True))


def seconds(default: float, told: str) -> Option:
    """Returns the option of how long to measure."""
    return Option(default, f"{told}, at least", Number(above=0))


def read(name: str, manual: str, argv, add=None, **options: Option) -> dict:
    """Reads a benchmark's command line.

    Args:
        name: Its module.
        manual: The module's docstring.
        argv: Words, or None for the process's own.
        add: Called with the parser, to add what is no number.
        **options: Name to `Option`.

    Returns:
        Name to value.

    Raises:
        UsageError: if it cannot be read, or a number is not legal.
    """
    parser = command_line.make_parser(name, manual)
    if add is not None:
        add(parser)
    for each, option in options.items():
        several = isinstance(option.default, tuple)
        shown = option.default if several else (option.default,)
        parser.add_argument(
            command_line.option(each),
            type=type(shown[0]),
            default=option.default,
            metavar=type(shown[0]).__name__.upper(),
            help=f"{option.told} (default: {' '.join(map(str, shown))})",
            **({"nargs": "*"} if several else {}),
        )
    given = command_line.parse(parser, argv)
    for each, option in options.items():
        several = isinstance(option.default, tuple)
        for value in given[each] if several else [given[each]]:
            option.legal.check(each.replace("_", "-"), value)
    return given


@dataclasses.dataclass(frozen=True)
class Case:
    """One of the alternatives.

    Attributes:
        name: What its row is called.
        module: The module whose `measure` measures it once.
        settings: What it is called with, beside the threads.
    """

    name: str
    module: str
    settings: dict


def has(package: str) -> bool:
    """Says whether a package is installed, without importing it."""
    return importlib.util.find_spec(package) is not None


def in_turns(cases: dict, *, rounds: int, threads: int) -> dict:
    """Measures every case once a round.

    Args:
        cases: Dict of anything to its `Case`.
        rounds: How many.
        threads: Cores and threads for each.

    Returns:
        Dict of the same keys to a list of what was measured, a dict a round.
    """
    found = {key: [] for key in cases}
    for number in range(rounds):
        for key, case in cases.items():
            _progress(f"round {number + 1} of {rounds}: {case.name}")
            found[key].append(measure(case, threads))
    _progress("")
    return found


def measure(case: Case, threads: int) -> dict:
    """Measures a case in a process of its own.

    Returns:
        What `measure` of its module returned, and when the process was
        `started`, in seconds since 1970.

    Raises:
        UsageError: if it failed.
    """
    settings = dict.fromkeys(THREAD_VARIABLES, str(threads))
    started = time.time()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.child", case.module),
            json.dumps(case.settings | {"threads": threads}),
        ],
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
    return json.loads(done.stdout.splitlines()[-1]) | {"started": started}


def summary(rounds, name: str) -> tuple:
    """Returns `(median, lowest, highest)` of a number over the rounds."""
    values = [measured[name] for measured in rounds]
    return statistics.median(values), min(values), max(values)


def ratio(above, below, name: str) -> tuple:
    """Returns likewise the ratio of two cases' number, round by round."""
    ratios = [
        {"ratio": one[name] / other[name]}
        for one, other in zip(above, below, strict=True)
    ]
    return summary(ratios, "ratio")


def spread(numbers, pattern: str) -> str:
    """Writes `(median, lowest, highest)` as "median (lowest to highest)"."""
    median, low, high = (format(number, pattern) for number in numbers)
    return f"{median} ({low} to {high})"


def verdict(name: str, value: float, target: float, *, at_least=True) -> str:
    """Holds a number against its bound: "name: 2.9, at least 2.5: met"."""
    met = value >= target if at_least else value <= target
    word = "at least" if at_least else "at most"
    told = "met" if met else "MISSED"
    return f"{name}: {value:,.3g}, {word} {target:,g}: {told}"


def table(head, rows) -> str:
    """Writes columns, the first to the left and the others to the right."""
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
