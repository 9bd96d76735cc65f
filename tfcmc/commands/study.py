"""Runs a design of trainings, and says what each axis changes."""

import pathlib
import time

from tfcmc.cli import command_line
from tfcmc.commands.compare import Compared, prepare, train_missing
from tfcmc.foundation.errors import check_number, must
from tfcmc.report.summary import clock
from tfcmc.studies.file import make_study, read_study
from tfcmc.studies.runs import Cell, expected_seconds, plan_cells
from tfcmc.training.interval import seconds_of


def make_parser(manual: str | None = None) -> command_line.Parser:
    """Returns the parser of its options."""
    parser = command_line.make_parser("trainers.study", manual)
    parser.add_argument("file", metavar="FILE", help="what is asked, in TOML")
    parser.add_argument(
        "--run-dir",
        metavar="DIR",
        help="folder for all (default: runs/ and the file's name)",
    )
    parser.add_argument(
        "--time",
        metavar="STR",
        help="begin no run that would end later, such as 90min (default: the "
        "file's, or as long as it takes)",
    )
    parser.add_argument(
        "--jobs",
        metavar="INT",
        type=command_line.reader("--jobs", int),
        help="runs at once, each on its share of the cores (default: 1)",
    )
    return parser


def run(given: dict, command: str) -> Compared:
    """Trains what is missing, and writes what was found.

    Args:
        given: Name to value of what the user gave; `file` may be what would
            stand in it.
        command: What repeats it.

    Raises:
        UsageError: if the file tells of no study, its runs cannot be planned,
            or the folder holds others.
    """
    start, jobs = time.monotonic(), given.get("jobs", 1)
    check_number("jobs", jobs, whole=True, at_least=1, at_most=64)
    file, name = given["file"], "study"
    if isinstance(file, dict):
        study = make_study(file)
    else:
        study, name = read_study(file), pathlib.Path(file).stem
    limit = given.get("time", study.time)
    seconds = None if limit is None else seconds_of(limit, "time")
    folder = pathlib.Path(given.get("run_dir", f"runs/{name}"))
    cells, every = plan_cells(study, folder)
    entries = [cell.entry for cell in cells]
    prepare(entries)
    _tell(study, cells, every, limit)
    begun = _in_time(cells, start, seconds)
    until = None if seconds is None else start + seconds
    failures = train_missing(entries, jobs, begun, until)
    cells = [Cell(cell.levels, cell.entry.settled()) for cell in cells]
    from tfcmc.studies import writing  # loads TensorFlow: only now

    table = writing.write(study, cells, failures, command)
    entries = tuple(cell.entry for cell in cells)
    return Compared(folder, entries, failures, table)


def _tell(study, cells, every, limit):
    """Prints what is going to be done."""
    chosen = len(cells) // len(study.seeds)
    of = f"{chosen} of {every}" if chosen < every else f"{every}"
    axes = ", ".join(
        f"{axis} ({len(levels)})" for axis, levels in study.levels.items()
    )
    within = f", within {limit}" if limit else ""
    print(
        f"{axes}: {of} combinations, {len(study.seeds)} seeds, "
        f"{len(cells)} runs{within}",
        flush=True,
    )


def _are_probed(cells):
    """Whether a run is judged; refuses data that no probe can be read off."""
    found = next(filter(None, (cell.entry.metrics() for cell in cells)), {})
    # Where data are an axis, others than the first may have labels.
    alike = len({cell.entry.pictures for cell in cells}) == 1
    if "no_probe" in found and alike:
        told = "labelled, since combinations are ranked by a probe"
        raise must("data", told, found["no_probe"])
    return bool(found)


def _in_time(cells, start, limit):
    """Returns what says of an entry whether it would end in time."""
    places = {cell.entry.name: cell for cell in cells}
    told = probed = False

    def begun(entry):
        nonlocal told, probed
        probed = probed or _are_probed(cells)
        if limit is None:
            return True
        finished = [cell for cell in cells if cell.entry.settled().finished()]
        needed = expected_seconds(places[entry.name], finished) or 0.0
        left = max(0.0, limit - (time.monotonic() - start))
        if needed >= left and not told:
            told = True
            print(
                f"{entry.name} is left for later, and all that takes as long: "
                f"{clock(needed)} of the {clock(left)} that are left",
                flush=True,
            )
        return needed < left

    return begun
