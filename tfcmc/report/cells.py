"""What the tables say whatever they are written in: digits, spread, marks."""

import dataclasses
import math

from tfcmc.evaluation.intervals import mean_difference_interval

BEYOND = (
    "better than the next by more than the seeds explain: the 95 % interval "
    "of the difference (Welch's t) leaves out 0"
)


def value_of(row, column):
    """Returns the mean that a row has in a column, or None."""
    cell = row.cells.get(column.key)
    return None if cell is None else cell.mean


def mean_text(cell, column):
    """Writes a mean with the digits of its column.

    Args:
        cell: A `Cell` that has a mean.
        column: Its `Column`.

    Returns:
        "59.0"; "nan" or "inf" where it is no number.
    """
    # Adding zero takes the sign off a zero.
    return f"{round(cell.mean, column.digits) + 0.0:.{column.digits}f}"


def deviation_text(cell, column):
    """Writes a standard deviation with the digits of its column.

    Args:
        cell: A `Cell`.
        column: Its `Column`.

    Returns:
        "0.4"; "" where it is not known; "<0.1" where it would read as none
        at all.
    """
    if cell.deviation is None:
        return ""
    text = f"{cell.deviation:.{column.digits}f}"
    if cell.deviation > 0 and float(text) == 0:
        return f"<{10.0**-column.digits:.{column.digits}f}"
    return text


def difference(first, second):
    """Returns the interval of the difference of two means over seeds.

    Args:
        first: A `Cell` with a mean; its deviation is 0 and its count 1 where
            it is known exactly.
        second: Likewise.

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
    ends = mean_difference_interval(
        *((cell.mean, cell.deviation, cell.count) for cell in cells)
    )
    return ends if all(map(math.isfinite, ends)) else None


def separated(ends) -> bool:
    """Whether an interval of a difference leaves out 0.

    Args:
        ends: What `difference` returned.
    """
    return ends is not None and not ends[0] <= 0 <= ends[1]


def leaders(columns, rows):
    """Finds the values that lead their column beyond what seeds explain.

    A value leads if the interval of its difference to that of the next row
    leaves out 0. One seed has no spread, so what rests on it never leads and
    is never led; raw pixels need not vary with the seed.

    Args:
        columns: `Column`s.
        rows: `Row`s.

    Returns:
        A dict of column key to the `Row` that leads, of those columns where
        one does.
    """
    found = {}
    for column in columns:
        ranked = [
            row
            for row in rows
            if (mean := value_of(row, column)) is not None
            and math.isfinite(mean)
        ]
        ranked.sort(
            key=lambda row: value_of(row, column),
            reverse=column.better == "higher",
        )
        if column.better and len(ranked) > 1:
            first, second = ranked[:2]
            pair = _measured(first, column), _measured(second, column)
            if separated(difference(*pair)):
                found[column.key] = first
    return found


def _measured(row, column):
    """Returns a cell; that of raw pixels is exact if it never varied."""
    cell = row.cells[column.key]
    if row.kind == "raw" and not cell.deviation:
        return dataclasses.replace(cell, deviation=0.0, count=1)
    return cell


def remarks(row, rows):
    """Says what stands beside a row's label.

    Args:
        row: A `Row`.
        rows: All `Row`s of its table.

    Returns:
        A list: its note, if it has one, and how many seeds it is of where
        that differs from row to row.
    """
    found = [row.note] if row.note else []
    if len(_counts(rows)) > 1 and row.kind != "raw":
        found.append(count_seeds(_counts([row])))
    return [words for words in found if words]


def table_words(columns, rows):
    """Says what the numbers of a table are, and what bold ones mean.

    Args:
        columns: Its `Column`s.
        rows: Its `Row`s.

    Returns:
        One or two sentences, or "" where nothing was learnt.
    """
    words = spread_words(rows)
    if max(_counts(rows), default=0) < 2:
        return words and f"{words}, so no value is marked."
    if leaders(columns, rows):
        return f"{words}. Bold: {BEYOND}."
    return f"{words}. No value is {BEYOND}, so none is bold."


def spread_words(rows):
    """Says what the numbers of a table are.

    Args:
        rows: Its `Row`s.

    Returns:
        A sentence without its full stop, or "" where nothing was learnt.
    """
    counts = _counts(rows)
    if not counts:
        return ""
    if max(counts) < 2:
        return "One seed a row: no spread is known"
    if len(counts) == 1:
        return f"Mean ± standard deviation of {count_seeds(counts)}"
    return "Mean ± standard deviation over seeds"


def count_seeds(counts):
    """Returns "1 seed", "3 seeds", "2 to 3 seeds", or "" for no counts."""
    if not counts:
        return ""
    low, high = min(counts), max(counts)
    words = f"{high}" if low == high else f"{low} to {high}"
    return f"{words} seed" + ("" if high == 1 else "s")


def _counts(rows):
    """The numbers of seeds that cells rest on; raw pixels have none."""
    return {
        cell.count
        for row in rows
        if row.kind != "raw"
        for cell in row.cells.values()
        if cell is not None and cell.mean is not None
    }
