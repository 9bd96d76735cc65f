"""The page: one file that asks the network for nothing."""

import base64
import dataclasses
import os
import pathlib
import re
import struct

from tfcmc.foundation.atomic import write_whole
from tfcmc.foundation.errors import UsageError, must
from tfcmc.foundation.lazy import LazyModule
from tfcmc.report.table import ARROWS, Table, texts

jinja2 = LazyModule("jinja2")
PNG = b"\x89PNG\r\n\x1a\n"
MARGIN = 0.06  # left free at both ends of a scale, as a share of it


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure: its title, which is read out in its place, and its PNG."""

    title: str
    caption: str
    path: str | os.PathLike


@dataclasses.dataclass(frozen=True)
class Finding:
    """What the collapse doctor said of a run, and in which epoch."""

    run: str
    epoch: int
    words: str
    advice: str


@dataclasses.dataclass(frozen=True)
class Section:
    """A further table: its place on the page, its title, and what it says."""

    name: str
    title: str
    table: Table
    words: str = ""
    row: str = ""  # what a row of it is, where that is another


@dataclasses.dataclass(frozen=True)
class Report:
    """A comparison, of losses or of methods, or a study.

    Attributes:
        lead: The answer, a paragraph each: which row leads, by how much, and
            whether the spread separates it.
        row: What a row of the table is.
        more: Further tables.
        failures: Run to why it broke, of runs that are not in the table.
        cards: Loss or method to its card.
        commands: What is repeated to the command.
        settings: Setting name to value, of those that all runs share.
        versions: Software to its version.
        notes: Sentences on how the numbers were measured.
    """

    title: str
    lead: tuple[str, ...]
    table: Table
    row: str = "loss"
    more: tuple[Section, ...] = ()
    findings: tuple[Finding, ...] = ()
    failures: dict = dataclasses.field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    cards: dict = dataclasses.field(default_factory=dict)
    commands: dict = dataclasses.field(default_factory=dict)
    settings: dict = dataclasses.field(default_factory=dict)
    versions: dict = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()


def write_report(report: Report, path: pathlib.Path) -> None:
    """Writes a report as one HTML file; it is whole or absent.

    Raises:
        UsageError: if the file cannot be written, or a picture is no PNG.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(pathlib.Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"prose": _prose, "parts": _parts}
    page = environment.get_template("page.html").render(
        report=report, arrows=ARROWS, embedded=_embedded, rows=_rows
    )
    try:
        # Names of files may hold bytes that are no text.
        write_whole(path, page.encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(
            f"`report` must be a file that can be written. "
            f"Received: {str(path)!r} ({error.strerror or error})"
        ) from error


def _prose(text):
    """Keeps a number and its % on one line."""
    return re.sub(r"(?<=\d) (?=%)", "\N{NO-BREAK SPACE}", text)


def _parts(label):
    """Cuts a label where its lines may break: options are long words."""
    return re.split(r"(?<=\w[(/_])(?=\w)", label)


def _embedded(picture):
    """Returns the bytes of a picture in Base64, and its size in pixels."""
    try:
        content = pathlib.Path(picture.path).read_bytes()
    except OSError:
        content = b""
    if content[:8] != PNG or content[12:16] != b"IHDR" or len(content) < 24:
        raise must("path", "a PNG that can be read", str(picture.path))
    size = struct.unpack(">II", content[16:24])
    return base64.b64encode(content).decode("ascii"), *size


def _rows(table, drawn):
    """Yields of each row its label, kind, remark, and what its cells say."""
    leading = table.leaders()
    # Where it is drawn, values in percent are placed as dots too.
    scales = {
        column.key: _scale(table, column)
        for column in table.columns
        if drawn and column.unit == "%"
    }
    for label, kind in table.frame["kind"].items():
        cells = []
        for column in table.columns:
            cell = table.cell(label, column)
            mean, spread = texts(cell, column)
            cells.append(
                {
                    "value": cell and cell.mean,
                    "mean": mean.replace("-", "−"),
                    "spread": spread,
                    "leads": leading.get(column.key) == label,
                    "scale": cell and scales.get(column.key),
                }
            )
        yield label, kind, table.remark(label), cells


def _scale(table, column):
    """Places means, and a deviation to each side, in percent of a scale."""
    cells = table.cells(column)
    ends = {
        label: (mean, mean - (deviation or 0), mean + (deviation or 0))
        for label, (mean, deviation, _) in cells.items()
    }
    low = min(min(each) for each in ends.values())
    high = max(max(each) for each in ends.values())
    margin = MARGIN * (high - low) or 1.0
    width = high - low + 2 * margin
    return {
        label: [f"{100 * (end - low + margin) / width:.2f}%" for end in each]
        for label, each in ends.items()
    }
