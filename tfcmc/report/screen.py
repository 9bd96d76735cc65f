"""A table for a screen, whose lines must not be broken."""

from tfcmc.report.cells import (
    deviation_text,
    mean_text,
    spread_words,
    value_of,
)

GAP = 2  # between columns


def screen_text(columns, rows):
    """Writes a table for a screen: means, and their deviations beneath.

    Args:
        columns: `Column`s.
        rows: `Row`s.

    Returns:
        Text, without a line break at its end.
    """
    lines = [["", *(column.short or column.title for column in columns)]]
    for row in rows:
        cells = [(row.cells.get(column.key), column) for column in columns]
        known = [
            (cell if value_of(row, column) is not None else None, column)
            for cell, column in cells
        ]
        lines.append(
            [row.label, *(c and mean_text(c, column) for c, column in known)]
        )
        spreads = [c and deviation_text(c, column) for c, column in known]
        if any(spreads):
            lines.append(["", *(s and f"±{s}" for s in spreads)])
    lines = [[text or "" for text in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    laid = [
        f"{line[0]:{widths[0]}}"
        + "".join(
            f"{text:>{width + GAP}}"
            for text, width in zip(line[1:], widths[1:], strict=True)
        )
        for line in lines
    ]
    lines = [line.rstrip() for line in laid]
    return "\n".join([*lines, "", f"Accuracies in %. {spread_words(rows)}."])
