"""Trains every loss with every seed on equal terms, and compares them."""

import dataclasses
import math
import pathlib
import time
from collections.abc import Callable

from tfcmc.cli import command_line, machines, same_data, workers
from tfcmc.comparison.entries import Entry, Variant, plan_variants
from tfcmc.comparison.rows import numbers
from tfcmc.comparison.tuned import Tuned
from tfcmc.experiment.config import JUDGED, JUDGING, PretrainConfig
from tfcmc.foundation.errors import check_number, must
from tfcmc.report import Table
from tfcmc.report.summary import clock
from tfcmc.runs.folder import make_folder
from tfcmc.searches import tuned

LOSSES = ("spring", "triplet", "softmax", "nce")
SEEDS = (0, 1, 2)
OWN = ("loss", "seed", "run_dir")


@dataclasses.dataclass(frozen=True)
class Compared:
    """A comparison as it ended."""

    folder: pathlib.Path  # of all its runs
    entries: tuple  # of each an `Entry`
    failures: dict  # run name to the reason, of runs that broke
    table: Table | None  # None where no run is finished


def make_parser(manual: str | None = None) -> command_line.Parser:
    """Returns the parser of its options."""
    parser = command_line.make_parser("trainers.compare", manual)
    parser.add_argument(
        "--losses",
        nargs="+",
        metavar="SPEC",
        help=f"specs of the losses (default: {' '.join(LOSSES)})",
    )
    parser.add_argument(
        "--presets",
        nargs="+",
        metavar="NAME",
        help="methods, as tfcmc methods lists them, each with "
        "its own loss, or with each of --losses",
    )
    parser.add_argument(
        "--tuned",
        nargs="+",
        metavar="DIR",
        help="folders of searches, in place of --losses: each loss at its "
        "defaults and at its best",
    )
    parser.add_argument(
        "--seeds",
        nargs="+",
        metavar="INT",
        type=command_line.reader("--seeds", int),
        help=f"seeds (default: {' '.join(map(str, SEEDS))})",
    )
    parser.add_argument(
        "--run-dir", metavar="DIR", help="folder for all (default: runs/DATA)"
    )
    parser.add_argument(
        "--jobs",
        metavar="INT",
        type=command_line.reader("--jobs", int),
        help="runs at once, each on its share of the cores (default: 1)",
    )
    helps = {"evaluate": JUDGED}
    command_line.add_settings(parser, PretrainConfig, but=OWN, helps=helps)
    command_line.add_config(parser, unread=OWN)
    return parser


def run(given: dict, command: str) -> Compared:
    """Trains what is missing, and compares.

    Args:
        command: What repeats it.

    Raises:
        UsageError: if the runs cannot be planned, or the folder holds others.
    """
    entries, searched = planned(given)
    folder = prepare(entries)
    failures = train_missing(entries, given.get("jobs", 1))
    entries = [entry.settled() for entry in entries]
    from tfcmc.comparison import writing  # loads TensorFlow: only now

    table = writing.compare(entries, failures, command, searched)
    return Compared(folder, tuple(entries), failures, table)


def prepare(entries: list[Entry]) -> pathlib.Path:
    """Makes the folder of all runs, before hours of training.

    Raises:
        UsageError: if it cannot be made, runs in it had other pictures than
            are there now, or this is one of several machines.
    """
    groups = {}
    for entry in entries:
        groups.setdefault(entry.pictures, []).append(entry)
    for each in groups.values():
        same_data.check(
            each[0].plan.config,
            [entry.run for entry in each],
            apart=not all(entry.finished() for entry in each),
        )
    machines.check_alone(entries[0].plan.config.strategy)
    folder = entries[0].run.folder.parent
    for each in (folder, folder / "figures"):
        make_folder(each)
    return folder


def planned(given: dict) -> tuple[list[Entry], Tuned | None]:
    """Plans the runs of what the user gave, before anything is written."""
    given = dict(given)
    jobs = given.pop("jobs", 1)
    check_number("jobs", jobs, whole=True, at_least=1, at_most=64)
    if given.get("evaluate") == "none":
        told = f"{JUDGING}: what is compared are the verdicts"
        raise must("evaluate", told, "none")
    return plan_entries(given)


def plan_entries(given: dict) -> tuple[list[Entry], Tuned | None]:
    """Plans the runs; `Tuned` is of searches.

    Args:
        given: What the command line gave, but for `jobs`.
    """
    losses, folders = given.pop("losses", None), given.pop("tuned", None)
    presets, seeds = given.pop("presets", None), given.pop("seeds", SEEDS)
    folder = given.pop("run_dir", None)
    if folders is None:
        rows = list(_variants(given, losses, presets))
        return plan_variants(rows, seeds, folder), None
    for name, value in (
        ("losses", losses),
        ("presets", presets),
        ("preset", given.get("preset")),
    ):
        if value is not None:
            raise must(name, "left out with --tuned", value)
    found = tuned.contenders(folders)
    variants, places = tuned.variants(found, given)
    entries = plan_variants(variants, seeds, folder)
    pairs = [tuple(entries[n].label for n in pair) for pair in places]
    notes = tuned.notes(found, seeds)
    return entries, Tuned(tuple(pairs), tuple(notes))


def _variants(given, losses, presets):
    """Yields a row a loss, or a preset, or of both one with the other."""
    if presets is None:
        for loss in losses or LOSSES:
            yield Variant({**given, "loss": loss})
        return
    if "preset" in given:
        if (preset := given["preset"]) is not None:
            raise must("preset", "left out with --presets", preset)
        told = "left out with --presets, which it would overrule"
        raise must("config", told, "a file of all settings")
    for preset in presets:
        if losses is None:
            yield Variant({**given, "preset": preset}, None, ("preset",))
        for loss in losses or ():
            both = {"preset": preset, "loss": loss}
            yield Variant({**given, **both}, None, ("preset", "loss"))


def train_missing(
    entries: list[Entry],
    jobs: int,
    begun: Callable[[Entry], bool] = lambda entry: True,
    until: float | None = None,
) -> dict:
    """Trains what is not finished, a process a run, `jobs` at once.

    Args:
        begun: Says, as there is room for a run, whether to begin it.
        until: When all that is begun is to have ended, as `time.monotonic`
            counts; None for no such time.

    Returns:
        Run name to the reason, of runs that broke.
    """
    missing = {e.name: e for e in entries if not e.finished()}
    if len(missing) < len(entries):
        done = len(entries) - len(missing)
        print(f"{done} of {len(entries)} runs are finished")
    width = max(map(len, missing), default=0)
    start, failures, notes, later = time.monotonic(), {}, set(), []

    def begins(entry):
        fits = begun(entry)
        if not fits:
            later.append(entry.name)
        return fits

    ends = workers.run_all(
        map(_job, filter(begins, missing.values())),
        at_once=jobs,
        show=lambda job, line: _show(job.name, line, width, notes),
    )
    for done, ended in enumerate(ends, start=1):
        name = ended.job.name
        if ended.code == 0:
            text = _result(missing[name])
        else:
            failures[name] = ended.reason
            text = f"FAILED: {failures[name]} (see {ended.job.log})"
        if left := len(missing) - done - len(later):
            spent = time.monotonic() - start
            rest = workers.seconds_left(spent, done, left, jobs)
            text += f"; {_to_go(left, rest, until)}"
        print(f"{name:{width}}  {text}", flush=True)
    return failures


def _to_go(count, seconds, until):
    """Says how many runs are left, and their time or all that they have."""
    room = math.inf if until is None else max(0.0, until - time.monotonic())
    if seconds > room:
        return f"at most {count} to go, in the {clock(room)} that are left"
    return f"{count} to go, {clock(seconds)}"


def _job(entry):
    make_folder(entry.run.folder)
    return workers.Job(
        entry.name, ("trainers.pretrain", *entry.words()), entry.run.folder
    )


def _show(name, line, width, notes):
    """Prints the lines of a training that tell how it goes."""
    if line.startswith(("  epoch", "  !", "    try")):
        print(f"{name:{width}}{line}", flush=True)
    # Names that no font has are told where the figures of all are.
    elif line.startswith("  note:") and "no font" not in line:
        # Once of the pictures, which are the same in all runs.
        if line not in notes:
            print(line, flush=True)
        notes.add(line)


def _result(entry):
    """Says in one line what became of a run."""
    found = numbers(entry.metrics())
    probe = ""
    if "linear_probe" in found:
        probe = f"linear probe {found['linear_probe']:.1f} %, "
    return (
        f"done: {probe}alignment {found['alignment']:.3f}, "
        f"uniformity {found['uniformity']:.3f}"
    )
