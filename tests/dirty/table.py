"""The table of bad inputs, as the documentation shows it.

python -m tests.dirty.table > docs/bad_inputs.md
"""

import pathlib
import sys

from tests.dirty.arrays import ARRAYS
from tests.dirty.binaries import BINARIES
from tests.dirty.clusters import CLUSTERS
from tests.dirty.folders import FOLDERS
from tests.dirty.paths import PATHS
from tests.dirty.pictures import IMAGES, STOP
from tests.dirty.prepared import PREPARED
from tests.dirty.run_arrays import RUN_ARRAYS
from tests.dirty.run_folders import RUNS
from tfcmc.report.text_tables import MARKDOWN

DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "bad_inputs.md"
PARTS = {
    "Image files": (
        IMAGES,
        "A file that is refused stops the command; with "
        "`--on-bad-image=skip` it is left out, counted and named, and the "
        f"others are read. The message begins: {STOP.strip()}",
    ),
    "Folders of images": (FOLDERS, ""),
    "Arrays, `--data=npz:FILE`": (ARRAYS, ""),
    "STL-10's own files": (BINARIES, ""),
    "Prepared datasets, `--data=tfds:NAME`": (PREPARED, ""),
    "Paths": (PATHS, ""),
    "Run folders": (
        [*RUNS, *RUN_ARRAYS],
        "As evaluate, compare, embed, neighbours and tfcmc.load meet them.",
    ),
    "Machines, `TF_CONFIG`": (CLUSTERS, ""),
}  # fmt: skip
CASES = [case for cases, _ in PARTS.values() for case in cases]
HEAD = """# Bad inputs, and what each gets

Written by `python -m tests.dirty.table`, whose cases `tests/dirty` tries: what
is refused is told in one or two plain lines on stderr, with exit code 2; what
is read is read right, to the pixel. … stands for text that differs from
machine to machine.
"""


def table():
    """Returns the page."""
    parts = [HEAD]
    for title, (cases, words) in PARTS.items():
        lines = [f"## {title}", ""]
        if words:
            lines += [words, ""]
        lines += ["| what | it gets |", "|---|---|"]
        lines += [f"| {_cell(c.name)} | {_outcome(c)} |" for c in cases]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _outcome(case):
    if case.check is not None:
        return f"read: {_cell(case.gets)}"
    text = case.gets.removeprefix(STOP)
    return f"refused: {_cell(text)}"


def _cell(text):
    return MARKDOWN.sub(r"\\\g<0>", " ".join(text.split()))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    print(table(), end="")
