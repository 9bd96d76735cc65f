"""The table as HTML, with a dot and its spread beneath each accuracy."""

import html
import math
import re

from tfcmc.report.cells import (
    deviation_text,
    leaders,
    mean_text,
    remarks,
    value_of,
)

ARROWS = {"higher": "↑", "lower": "↓"}
MARGIN = 0.06  # left free at both ends of a scale, as a share of it


def escaped(text):
    """Returns text that HTML shows as it is, in tags and in attributes."""
    return html.escape(str(text))


def table_html(columns, rows, *, caption, described, dots=False):
    """Writes a table that the page's script makes sortable.

    Args:
        columns: `Column`s.
        rows: `Row`s.
        caption: What it is, for readers who do not see it.
        described: The id of what describes it.
        dots: Whether to draw values in percent as dots too.

    Returns:
        HTML.
    """
    head = "".join(_column_head(column) for column in columns)
    leading = leaders(columns, rows)
    lines = [f'<tr class="{row.kind}">{_row_head(row, rows)}' for row in rows]
    for column in columns:
        draw = _dots(column, rows) if dots and column.unit == "%" else None
        for place, row in enumerate(rows):
            leads = row is leading.get(column.key)
            lines[place] += _cell_html(row, column, leads, draw)
    body = "\n".join(f"{line}</tr>" for line in lines)
    return (
        '<div class="scroll" role="region" tabindex="0" '
        f'aria-label="{escaped(caption)}">\n'
        f'<table class="sortable" aria-describedby="{described}">\n'
        f"<caption>{escaped(caption)}</caption>\n"
        '<thead><tr><th scope="col"><span class="title">loss</span></th>'
        f"{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n"
        "</table>\n</div>"
    )


def _column_head(column):
    first = "descending" if column.better == "higher" else "ascending"
    unit = escaped(column.unit)
    if column.better:
        unit += (
            f' {ARROWS[column.better]}<span class="heard"> '
            f"{column.better} is better</span>"
        )
    return (
        f'<th scope="col" class="number" data-first="{first}">'
        f'<span class="title">{escaped(column.title)}</span>'
        f'<span class="unit">{unit}</span></th>'
    )


def _row_head(row, rows):
    notes = ["control"] if row.kind != "loss" else []
    notes = "".join(
        f'<span class="note">{escaped(note)}</span>'
        for note in [*notes, *remarks(row, rows)]
    )
    # Options are long words: lines break where they begin.
    label = re.sub(r"(?<=\w[(/_])(?=\w)", "<wbr>", escaped(row.label))
    return f'<th scope="row"><bdi>{label}</bdi>{notes}</th>'


def _cell_html(row, column, leads, draw):
    cell = row.cells.get(column.key)
    if cell is None or cell.mean is None:
        return '<td class="number"></td>'
    text = mean_text(cell, column).replace("-", "−")
    text = f"<strong>{text}</strong>" if leads else text
    spread = escaped(deviation_text(cell, column))
    if spread:
        text += f' <span class="spread">± {spread}</span>'
    if not math.isfinite(cell.mean):
        return f'<td class="number">{text}</td>'
    dot = draw(cell) if draw else ""
    value = f'data-value="{float(cell.mean)!r}"'
    return f'<td class="number" {value}>{text}{dot}</td>'


def _dots(column, rows):
    """Returns a function that draws a cell on the scale of its column."""
    low, high = _scale(column, rows)

    def place(value):
        return f"{100 * (value - low) / (high - low):.2f}%"

    marks = "".join(
        f'<line class="tick" x1="{place(value)}" x2="{place(value)}" '
        'y1="1" y2="11"/>'
        for row in rows
        if row.kind == "untrained"
        and (value := value_of(row, column)) is not None
        and math.isfinite(value)
    )

    def draw(cell):
        spread = _finite(cell.deviation)
        # A small dot does not hide a small spread.
        radius = 2.5 if spread else 3.5
        ends = place(cell.mean - spread), place(cell.mean + spread)
        return (
            '<svg class="dot" aria-hidden="true">'
            f'<line x1="0" x2="100%" y1="6" y2="6"/>{marks}'
            f'<line class="whisker" x1="{ends[0]}" x2="{ends[1]}" y1="6" '
            f'y2="6"/><circle cx="{place(cell.mean)}" cy="6" r="{radius}"/>'
            "</svg>"
        )

    return draw


def _scale(column, rows):
    cells = [
        cell
        for row in rows
        if (cell := row.cells.get(column.key)) and cell.mean is not None
    ]
    ends = [
        cell.mean + side * _finite(cell.deviation)
        for cell in cells
        for side in (-1, 1)
        if math.isfinite(cell.mean)
    ] or [0.0]
    margin = MARGIN * (max(ends) - min(ends)) or 1.0
    return min(ends) - margin, max(ends) + margin


def _finite(deviation):
    known = deviation is not None and math.isfinite(deviation)
    return deviation if known else 0.0


def reading_words(columns, rows):
    """Says how arrows and dots are to be read.

    Args:
        columns: `Column`s.
        rows: `Row`s.

    Returns:
        Sentences.
    """
    words = []
    if any(column.better for column in columns):
        words.append("↑ higher is better, ↓ lower is better.")
    if any(column.unit == "%" for column in columns):
        told = "A dot stands between the least and the most of its column"
        cells = [cell for row in rows for cell in row.cells.values() if cell]
        if any(cell.deviation is not None for cell in cells):
            told += ", the line through it one standard deviation to each side"
        if any(row.kind == "untrained" for row in rows):
            told += "; the upright mark is untrained encoders"
        words.append(f"{told}.")
    return " ".join(words)
