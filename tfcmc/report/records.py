"""What a report says, as plain records."""

import dataclasses
import os

from tfcmc.foundation.errors import check_choice, must

KINDS = ("loss", "untrained", "raw")
BETTER = ("higher", "lower", "")


@dataclasses.dataclass(frozen=True)
class Cell:
    """One value of a table, over the seeds of its row.

    Attributes:
        mean: Over the seeds, or None where there is no value.
        deviation: The standard deviation over them, or None for one seed.
        count: How many seeds.
    """

    mean: float | None
    deviation: float | None = None
    count: int = 1


@dataclasses.dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        label: What it is of: a loss with its options, or a control.
        kind: "loss", or for the controls "untrained" or "raw".
        cells: A dict of column key to `Cell`, or to None where it is empty.
        note: What else to say of the row.
    """

    label: str
    kind: str
    cells: dict
    note: str = ""

    def __post_init__(self):
        check_choice("kind", self.kind, KINDS)


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        key: Its key in the cells of a row.
        title: Its title.
        unit: "%", "s" or "". Values in "%" are given in percent.
        digits: How many to show after the point.
        better: "higher", "lower", or "" where neither is.
        short: Its title on a screen, of a few letters; or "" for `title`.
    """

    key: str
    title: str
    unit: str = ""
    digits: int = 1
    better: str = ""
    short: str = ""

    def __post_init__(self):
        check_choice("better", self.better, BETTER)


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure.

    Attributes:
        title: Its title, and what is read out in its place.
        caption: What is to be seen.
        path: Its PNG.
    """

    title: str
    caption: str
    path: str | os.PathLike


@dataclasses.dataclass(frozen=True)
class Finding:
    """What the collapse doctor said of a run.

    Attributes:
        run: The run.
        epoch: When it was said, or None if not of one epoch.
        words: What was seen.
        advice: What to do, or "".
    """

    run: str
    epoch: int | None
    words: str
    advice: str = ""


@dataclasses.dataclass(frozen=True)
class Failure:
    """A run that broke.

    Attributes:
        run: The run.
        reason: Why.
    """

    run: str
    reason: str


@dataclasses.dataclass(frozen=True)
class LossCard:
    """What is known of a loss.

    Attributes:
        name: The loss.
        text: Its card, line by line.
    """

    name: str
    text: str


@dataclasses.dataclass(frozen=True)
class Command:
    """A command that repeats what was done.

    Attributes:
        what: What it does.
        text: The command.
    """

    what: str
    text: str


@dataclasses.dataclass(frozen=True)
class Report:
    """A comparison of losses.

    Attributes:
        title: The title.
        lead: The answer: which loss leads, by how much, and whether the
            spread separates it. Blank lines part paragraphs.
        columns: The `Column`s of both tables.
        rows: The `Row`s.
        published: `Row`s of the paper's own table, whose cells are of
            `columns` too.
        published_caption: Where they are from.
        findings: `Finding`s of the collapse doctor.
        failures: `Failure`s: runs that are missing from `rows`.
        pictures: `Picture`s.
        cards: `LossCard`s.
        commands: `Command`s that repeat the comparison.
        settings: A dict of the settings that all runs share.
        versions: A dict of software to its version.
        notes: Sentences on how the numbers were measured.
    """

    title: str
    lead: str
    columns: tuple
    rows: tuple
    published: tuple = ()
    findings: tuple = ()
    failures: tuple = ()
    pictures: tuple = ()
    cards: tuple = ()
    commands: tuple = ()
    settings: dict = dataclasses.field(default_factory=dict)
    versions: dict = dataclasses.field(default_factory=dict)
    notes: tuple = ()
    published_caption: str = ""

    def __post_init__(self):
        keys = [column.key for column in self.columns]
        if len(set(keys)) < len(keys):
            raise must("columns", "of different keys", keys)
        for row in (*self.rows, *self.published):
            if not set(row.cells) <= set(keys):
                raise must("cells", f"of the columns {keys}", list(row.cells))
