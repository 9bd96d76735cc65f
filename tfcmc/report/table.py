"""A table of losses over seeds, as one frame, and what its numbers say."""

import dataclasses
import typing
from collections.abc import Iterable

from tfcmc.evaluation.intervals import mean_difference_interval
from tfcmc.foundation.errors import check_choice
from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.text import counted

pd = LazyModule("pandas")
BEYOND = (
    "better than the next by more than the seeds explain: the 95 % interval "
    "of the difference (Welch's t) leaves out 0"
)
ARROWS = {"higher": "↑", "lower": "↓", "": ""}
# What the frame has of a column, after its key.
COUNT = "_count"
PARTS = ("", "_deviation", COUNT)


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a table."""

    key: str  # in the frame
    title: str
    unit: str = ""  # or "%", "s"; values in "%" are given in percent
    digits: int = 1  # how many to show after the point
    better: str = ""  # "higher", "lower", or "" where neither is
    short: str = ""  # its title on a screen, of a few letters; "" for `title`

    def __post_init__(self):
        check_choice("better", self.better, tuple(ARROWS))

    @property
    def heading(self) -> str:
        """Title, unit and which way is better, on one line."""
        unit = f" ({self.unit})" if self.unit else ""
        return f"{self.title}{unit} {ARROWS[self.better]}".strip()


class Cell(typing.NamedTuple):
    """A value over the seeds of its row; of one seed no deviation is known."""

    mean: float
    deviation: float | None = None
    count: int = 1


@dataclasses.dataclass(frozen=True)
class Table:
    """What was measured, a row a loss or a control."""

    columns: tuple[Column, ...]
    # A row a label, with its `kind`: "loss", or for the controls "raw" or
    # "untrained". Of each column the mean over seeds under its key, the sample
    # standard deviation as `KEY_deviation`, and `KEY_count` seeds; missing
    # where they are not known.
    frame: "pd.DataFrame"

    def cell(self, label: str, column: Column) -> Cell | None:
        """Returns one value, or None where there is none."""
        mean, deviation, count = (
            self.frame.at[label, column.key + part] for part in PARTS
        )
        if pd.isna(mean):
            return None
        known = None if pd.isna(deviation) else float(deviation)
        return Cell(float(mean), known, int(count))

    def cells(self, column: Column) -> dict[str, Cell]:
        """Returns the values of a column that are there, by label."""
        found = {row: self.cell(row, column) for row in self.frame.index}
        return {row: cell for row, cell in found.items() if cell is not None}

    def losses(self) -> list[str]:
        """Returns the labels that are no controls'."""
        return list(self.frame.index[self.frame["kind"] == "loss"])

    def leaders(self) -> dict[str, str]:
        """Finds what leads its column beyond what seeds explain.

        A value leads if the interval of its difference to that of the next
        row leaves out 0. One seed has no spread, so what rests on it never
        leads and is never led; raw pixels need not vary with the seed.

        Returns:
            Column key to label, of those columns where one leads.
        """
        found = {}
        for column in self.columns:
            ranked = (
                self.frame[column.key]
                .dropna()
                .sort_values(ascending=column.better != "higher")
                .index
            )
            if column.better and len(ranked) > 1:
                pair = (self._measured(row, column) for row in ranked[:2])
                if separated(difference(*pair)):
                    found[column.key] = ranked[0]
        return found

    def _measured(self, label, column):
        """Returns a cell; that of raw pixels is exact if it never varied."""
        cell = self.cell(label, column)
        if self.frame.at[label, "kind"] == "raw" and not cell.deviation:
            return Cell(cell.mean, 0.0)
        return cell

    def remark(self, label: str) -> str:
        """Says how many seeds a row is of, where that differs by row."""
        kind = self.frame.at[label, "kind"]
        if kind == "raw" or len(self._counts(self.frame)) < 2:
            return ""
        return _count_seeds(self._counts(self.frame.loc[[label]]))

    def words(self) -> str:
        """Says what the numbers are, and what bold ones mean."""
        words = self.spread_words()
        if max(self._counts(self.frame), default=0) < 2:
            return words and f"{words}, so no value is marked."
        if self.leaders():
            return f"{words}. Bold: {BEYOND}."
        return f"{words}. No value is {BEYOND}, so none is bold."

    def spread_words(self) -> str:
        """Says what the numbers are, without a full stop; "" of nothing."""
        counts = self._counts(self.frame)
        if not counts:
            return ""
        if max(counts) < 2:
            return "One seed a row: no spread is known"
        if len(counts) == 1:
            return f"Mean ± standard deviation of {_count_seeds(counts)}"
        return "Mean ± standard deviation over seeds"

    def _counts(self, rows):
        """The numbers of seeds that values rest on; raw pixels have none."""
        names = [column.key + COUNT for column in self.columns]
        learnt = rows.loc[rows["kind"] != "raw", names]
        return set(learnt.stack().dropna())


def over_seeds(columns: Iterable[Column], records: list[dict]) -> Table:
    """Sums what was measured up over the seeds.

    Args:
        records: One a row and seed: `label`, `kind`, and column key to
            number where there is one; a row has the values that all its seeds
            have.

    Returns:
        A `Table` of those columns that have a value, rows in the order given.
    """
    measured = pd.DataFrame(records)
    keys = [each.key for each in columns if each.key in measured]
    groups = measured.groupby(["label", "kind"], sort=False)
    found = groups[keys]
    # One seed may have been judged more briefly than another.
    whole = found.count().eq(groups.size(), axis=0)
    parts = found.mean(), found.std(), found.count().astype("Int64")
    frame = pd.concat(
        [
            part.where(whole).add_suffix(suffix)
            for part, suffix in zip(parts, PARTS, strict=True)
        ],
        axis=1,
    )
    some = whole.any()
    known = [each for each in columns if some.get(each.key, False)]
    names = [each.key + part for each in known for part in PARTS]
    return Table(tuple(known), frame[names].reset_index("kind"))


def texts(cell: Cell | None, column: Column) -> tuple[str, str]:
    """Writes a value with the digits of its column.

    Returns:
        Mean and deviation, as "59.0" and "0.4"; "" what is not known, "<0.1"
        a deviation that would read as none at all.
    """
    if cell is None:
        return "", ""
    digits = column.digits
    # Adding zero takes the sign off a zero.
    mean = f"{round(cell.mean, digits) + 0.0:.{digits}f}"
    if cell.deviation is None:
        return mean, ""
    spread = f"{cell.deviation:.{digits}f}"
    if cell.deviation > 0 and float(spread) == 0:
        spread = f"<{10.0**-digits:.{digits}f}"
    return mean, spread


def difference(first: Cell, second: Cell) -> tuple[float, float] | None:
    """Returns the interval of the difference of two means over seeds.

    Of what is known exactly the deviation is 0 and the count 1.

    Returns:
        `(low, high)`, of 95 %; None where the spread is not known: of one
        seed, or where all seeds came out the same to the last digit.
    """
    cells = first, second
    if any(cell.deviation is None for cell in cells) or not any(
        cell.deviation for cell in cells
    ):
        return None
    if any(cell.deviation == 0 and cell.count > 1 for cell in cells):
        return None
    return mean_difference_interval(*cells)


def separated(ends) -> bool:
    """Whether an interval, as `difference` returns it, leaves out 0."""
    return ends is not None and not ends[0] <= 0 <= ends[1]


def _count_seeds(counts):
    """Returns "1 seed", "3 seeds", "2 to 3 seeds", or "" for no counts."""
    if not counts:
        return ""
    low, high = min(counts), max(counts)
    words = counted(high, "seed", "seeds")
    return words if low == high else f"{low} to {words}"
