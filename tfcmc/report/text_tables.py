"""A table as text: Markdown, CSV, LaTeX, and for a screen."""

import csv
import io
import itertools
import re

from tfcmc.foundation.text import table_cell
from tfcmc.report.table import Table, texts

# Signs that Markdown may read; an underscore only at the edge of a word.
MARKDOWN = re.compile(r"[\\`*\[\]<>#|~$&]|(?<!\w)_|_(?!\w)")
LATEX = str.maketrans(
    {
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
)


def markdown(table: Table) -> str:
    """Writes a pipe table, and beneath it what its numbers are."""

    def escape(text):
        return MARKDOWN.sub(r"\\\g<0>", _one_line(text))

    def write(mean, spread, leads):
        text = f"**{mean}**" if leads else mean
        return f"{text} ± {spread}" if spread else text

    text = pipe_table(_lines(table, escape, write), left=0)
    return f"{text}\n\n{table.words()}\n"


def pipe_table(lines: list[list[str]], left: int) -> str:
    """Lays texts out as a pipe table of Markdown.

    Args:
        lines: The head first; Markdown finds nothing to obey in them.
        left: The column that stands to the left; numbers stand to the right.
    """
    head, *rows = _padded(lines, left, least=3)
    rule = ["-" * (len(text) - 1) + ":" for text in head]
    rule[left] = "-" * len(head[left])
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, rule, *rows])


def csv_text(table: Table) -> str:
    """Writes a table as CSV, in full precision: the frame as it is."""
    frame = table.frame.rename(index=table_cell)
    return frame.to_csv(index_label="label", lineterminator="\n")


def rows_text(rows: list[dict], columns=()) -> str:
    """Writes dicts as CSV, a line each, in full precision.

    Args:
        columns: Their names; none for all there are. What a row lacks is
            left empty.
    """
    names = columns or dict.fromkeys(name for row in rows for name in row)
    file = io.StringIO()
    writer = csv.DictWriter(
        file, names, extrasaction="ignore", lineterminator="\n"
    )
    writer.writeheader()
    for row in rows:
        writer.writerow({name: table_cell(row[name]) for name in row})
    return file.getvalue()


def latex(table: Table) -> str:
    """Writes a table environment in plain LaTeX, without any package."""

    def escape(text):
        text = _one_line(text).translate(LATEX)
        # The end of the row before would take them for its own options.
        return f"{{}}{text}" if text.startswith(("[", "*")) else text

    def write(mean, spread, leads):
        text = rf"\mathbf{{{mean}}}" if leads else mean
        spread = spread.replace("<", "{<}")
        return rf"${text} \pm {spread}$" if spread else text and f"${text}$"

    head, *rows = (
        " & ".join(line) + r" \\" for line in _lines(table, escape, write)
    )
    learnt = zip(table.frame["kind"] == "loss", rows, strict=True)
    blocks = itertools.groupby(learnt, key=lambda pair: pair[0])
    ruled = [[head], *([row for _, row in block] for _, block in blocks)]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{escape(table.words())}}}",
            r"\centering",
            rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
            *(line for block in ruled for line in [r"\hline", *block]),
            r"\hline",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def screen_text(table: Table) -> str:
    """Writes means, and their deviations beneath, in lines not to be broken.

    Returns:
        Text, without a line break at its end.
    """
    lines = [["", *(each.short or each.title for each in table.columns)]]
    for label in table.frame.index:
        cells = [
            texts(table.cell(label, each), each) for each in table.columns
        ]
        means, spreads = zip(*cells, strict=True)
        lines.append([label, *means])
        if any(spreads):
            lines.append(["", *(text and f"±{text}" for text in spreads)])
    laid = laid_out(lines, left=0)
    percent = any(each.unit == "%" for each in table.columns)
    words = f"{'Accuracies in %. ' if percent else ''}{table.spread_words()}."
    return "\n".join([*laid, "", words])


def _lines(table, escape, write):
    """Returns lists of texts, the head first; `write` writes one value."""
    leading = table.leaders()
    lines = [["", *(escape(column.heading) for column in table.columns)]]
    for label in table.frame.index:
        remark = table.remark(label)
        cells = (
            write(
                *texts(table.cell(label, column), column),
                leading.get(column.key) == label,
            )
            for column in table.columns
        )
        lines.append(
            [escape(f"{label} ({remark})" if remark else label), *cells]
        )
    return lines


def laid_out(lines: list[list[str]], left: int | tuple) -> list[str]:
    """Lays texts out in columns for a screen: they stand right, or `left`.

    Args:
        lines: Equally long.
        left: A column from either end, or several from the first on.
    """
    return ["  ".join(line).rstrip() for line in _padded(lines, left)]


def _padded(lines, left, least=0):
    """Gives the texts of a column one width, of `least` or more."""
    if isinstance(left, int):
        left = (left % len(lines[0]),)
    widths = [
        max(least, *map(len, texts)) for texts in zip(*lines, strict=True)
    ]
    return [
        [
            text.ljust(width) if place in left else text.rjust(width)
            for place, (text, width) in enumerate(
                zip(line, widths, strict=True)
            )
        ]
        for line in lines
    ]


def _one_line(text):
    return " ".join(text.split())
