"""The table as text: Markdown, CSV and LaTeX."""

import csv
import io
import re

from tfcmc.foundation.text import table_cell
from tfcmc.report.cells import (
    deviation_text,
    leaders,
    mean_text,
    remarks,
    table_words,
)

ARROWS = {"higher": "↑", "lower": "↓", "": ""}
# Signs that Markdown may read; an underscore only at the edge of a word.
MARKDOWN = re.compile(r"[\\`*\[\]<>#|~$&]|(?<!\w)_|_(?!\w)")
LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    # The default encoding prints other signs in their place.
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    **{sign: f"\\{sign}" for sign in "%_&#${}"},
}


def markdown(columns, rows):
    """Writes a table in Markdown.

    Args:
        columns: `Column`s.
        rows: `Row`s.

    Returns:
        Text: a pipe table, and beneath it what its numbers are.
    """
    leading = leaders(columns, rows)
    lines = [["", *(_markdown(_title(column)) for column in columns)]]
    lines += [
        [
            _markdown(_label(row, rows)),
            *(
                _markdown_cell(row, column, row is leading.get(column.key))
                for column in columns
            ),
        ]
        for row in rows
    ]
    text = pipe_table(lines, left=0)
    return f"{text}\n\n{table_words(columns, rows)}\n"


def pipe_table(lines, left):
    """Lays texts out as a pipe table of Markdown.

    Args:
        lines: Lists of texts, the head first, in which Markdown finds nothing
            to obey.
        left: The column that stands to the left; numbers stand to the right.

    Returns:
        Text, without a line break at its end.
    """
    widths = [max(3, *map(len, texts)) for texts in zip(*lines, strict=True)]
    left %= len(widths)
    rule = [
        "-" * width if place == left else "-" * (width - 1) + ":"
        for place, width in enumerate(widths)
    ]
    padded = [
        [
            text.ljust(width) if place == left else text.rjust(width)
            for place, (text, width) in enumerate(
                zip(line, widths, strict=True)
            )
        ]
        for line in [lines[0], rule, *lines[1:]]
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)


def _markdown(text):
    return MARKDOWN.sub(r"\\\g<0>", _one_line(text))


def _markdown_cell(row, column, leads):
    cell = row.cells.get(column.key)
    if cell is None or cell.mean is None:
        return ""
    text = mean_text(cell, column)
    spread = deviation_text(cell, column)
    text = f"**{text}**" if leads else text
    return f"{text} ± {spread}" if spread else text


def csv_text(columns, rows):
    """Writes a table as CSV, in full precision.

    Args:
        columns: `Column`s.
        rows: `Row`s.

    Returns:
        Text: label, kind and note; then of each column its mean, under its
        key, its deviation and its count.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    parts = ("", "_deviation", "_count")
    names = [column.key + part for column in columns for part in parts]
    writer.writerow(["label", "kind", "note", *names])
    for row in rows:
        line = [table_cell(row.label), row.kind, table_cell(row.note)]
        for column in columns:
            cell = row.cells.get(column.key)
            if cell is None or cell.mean is None:
                line += ["", "", ""]
            else:
                line += [_precise(cell.mean), _precise(cell.deviation)]
                line.append(cell.count)
        writer.writerow(line)
    return file.getvalue()


def _precise(value):
    return "" if value is None else repr(float(value))


def latex(columns, rows):
    """Writes a table in plain LaTeX, without any package.

    Args:
        columns: `Column`s.
        rows: `Row`s.

    Returns:
        Text: a table environment, its caption saying what the numbers are.
    """
    leading = leaders(columns, rows)
    words = latex_escaped(table_words(columns, rows))
    lines = [
        r"\begin{table}",
        rf"\caption{{{words}}}",
        r"\centering",
        rf"\begin{{tabular}}{{l{'r' * len(columns)}}}",
        r"\hline",
        _latex_row("", [latex_escaped(_title(each)) for each in columns]),
        r"\hline",
    ]
    for number, row in enumerate(rows):
        if number and (row.kind == "loss") != (
            rows[number - 1].kind == "loss"
        ):
            lines.append(r"\hline")
        cells = [
            _latex_cell(row, column, row is leading.get(column.key))
            for column in columns
        ]
        lines.append(_latex_row(latex_escaped(_label(row, rows)), cells))
    lines += [r"\hline", r"\end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def latex_escaped(text):
    """Returns text in which LaTeX finds nothing to obey."""
    return "".join(LATEX.get(sign, sign) for sign in _one_line(text))


def _latex_row(label, cells):
    # The end of the row before would take them for its own options.
    if label.startswith(("[", "*")):
        label = f"{{}}{label}"
    return " & ".join([label, *cells]) + r" \\"


def _latex_cell(row, column, leads):
    cell = row.cells.get(column.key)
    if cell is None or cell.mean is None:
        return ""
    text = mean_text(cell, column)
    text = rf"\mathbf{{{text}}}" if leads else text
    spread = deviation_text(cell, column)
    if spread.startswith("<"):
        spread = "{<}" + spread[1:]
    return rf"${text} \pm {spread}$" if spread else f"${text}$"


def _title(column):
    unit = f" ({column.unit})" if column.unit else ""
    return f"{column.title}{unit} {ARROWS[column.better]}".strip()


def _label(row, rows):
    words = "; ".join(remarks(row, rows))
    return f"{row.label} ({words})" if words else row.label


def _one_line(text):
    return " ".join(text.split())
