"""The trials of a search as a table: Markdown, CSV, and for the screen."""

import csv
import io

from tfcmc.foundation.text import table_cell
from tfcmc.report import pipe_table
from tfcmc.report.summary import WIDTH, clock
from tfcmc.search.ranking import ranked
from tfcmc.search.records import DONE, OBJECTIVES

TITLES = {
    "linear_probe": "linear probe",
    "knn": "kNN",
    "alignment_uniformity": "alignment + uniformity",
    "effective_rank": "effective rank",
}
# At the head of a column, where there is less room.
SHORT = {
    "alignment_uniformity": "align. + unif.",
    "effective_rank": "eff. rank",
    "seconds": "time",
}
PERCENT = ("linear_probe", "knn")
DIGITS = {"alignment_uniformity": 3, "effective_rank": 0}
MOST_SHOWN = 12  # trials on the screen
LONGEST = 40  # letters of a reason on the screen


def order_trials(search, trials):
    """Puts all trials in the order of the table.

    Args:
        search: The `Search`.
        trials: `Trial`s.

    Returns:
        `(rank, trial)`s: from 1 of those that can be compared; None of those
        trained for fewer epochs, the longest first, and of those that failed.
    """
    order = ranked(trials, search.objective)
    numbers = {trial.number for trial in order}
    rest = sorted(
        (trial for trial in trials if trial.number not in numbers),
        key=lambda trial: (
            trial.status != DONE,
            -trial.epochs,
            trial.number,
        ),
    )
    return [*enumerate(order, start=1), *((None, trial) for trial in rest)]


def columns_of(search, trials):
    """Returns the columns: what was chosen, then the scores that are known."""
    known = [
        name
        for name in OBJECTIVES
        if any(name in trial.scores for trial in trials)
    ]
    return ["rank", "trial", *search.space, *known, "epochs", "seconds"]


def csv_text(search, trials, default):
    """Writes the table as CSV, in full precision.

    Args:
        search: The `Search`.
        trials: `Trial`s.
        default: The defaults as a `Trial`, or None.

    Returns:
        Text: the defaults first, then a row a trial; accuracies in [0, 1].
    """
    columns = columns_of(search, trials)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*columns, "status", "parent", "reason"])
    for rank, trial in _all(search, trials, default):
        cells = _cells(rank, trial)
        writer.writerow(
            [
                *(table_cell(cells.get(column)) for column in columns),
                trial.status,
                trial.parent,
                table_cell(trial.reason),
            ]
        )
    return file.getvalue()


def markdown(search, trials, default):
    """Writes the table in Markdown.

    Args:
        search: The `Search`.
        trials: `Trial`s.
        default: The defaults as a `Trial`, or None.

    Returns:
        Text: a pipe table, and beneath it what its numbers are.
    """
    lines = _texts(search, trials, default)
    lines = [[text.replace("|", r"\|") for text in line] for line in lines]
    text = pipe_table(lines, left=-1)
    return f"{text}\n\n{table_words(search, trials)}\n"


def screen_text(search, trials, default):
    """Writes the first rows of the table for a screen.

    Args:
        search: The `Search`.
        trials: `Trial`s.
        default: The defaults as a `Trial`, or None.

    Returns:
        Text, without a line break at its end.
    """
    lines = _texts(search, trials, default, longest=LONGEST)
    shown = lines[: MOST_SHOWN + 1 + (default is not None)]
    widths = [max(map(len, texts)) for texts in zip(*shown, strict=True)]
    laid = ["  ".join(_laid(line, widths)).rstrip()[:WIDTH] for line in shown]
    if len(lines) > len(shown):
        laid.append(f"and {len(lines) - len(shown)} more, in table.md")
    return "\n".join(laid)


def table_words(search, trials):
    """Says what the numbers of the table are.

    Args:
        search: The `Search`.
        trials: `Trial`s.

    Returns:
        One sentence or two.
    """
    direction = {"max": "highest", "min": "lowest"}
    words = (
        f"Ranked by {TITLES[search.objective]}, the "
        f"{direction[OBJECTIVES[search.objective]]} first; accuracies in %, "
        f"on the validation part; one seed."
    )
    if len({trial.epochs for trial in trials if trial.status == DONE}) > 1:
        words += " Trials trained for fewer epochs have no rank."
    return words


def value_text(value):
    """Writes the value of an option, numbers to four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _all(search, trials, default):
    first = [] if default is None else [(None, default)]
    return [*first, *order_trials(search, trials)]


def _cells(rank, trial):
    number = "default" if trial.number is None else trial.number
    return {
        "rank": rank,
        "trial": number,
        **trial.values,
        **trial.scores,
        "epochs": trial.epochs,
        "seconds": trial.seconds,
    }


def _texts(search, trials, default, longest=None):
    """Returns the table as texts, the head first."""
    columns = columns_of(search, trials)
    if longest is not None and len({trial.epochs for trial in trials}) == 1:
        columns.remove("epochs")
    titles = TITLES | SHORT
    head = [titles.get(column, column) for column in columns]
    lines = [[*head, ""]]
    for rank, trial in _all(search, trials, default):
        cells = _cells(rank, trial)
        texts = [_text(name, cells.get(name)) for name in columns]
        lines.append([*texts, _note(trial)[:longest]])
    return lines


def _text(column, value):
    if value is None:
        return ""
    if column in PERCENT:
        return f"{100 * value:.1f}"
    if column in DIGITS:
        return f"{value:.{DIGITS[column]}f}"
    return clock(value) if column == "seconds" else value_text(value)


def _note(trial):
    """Says what else is known of a trial."""
    if trial.status != DONE:
        return " ".join(f"failed: {trial.reason}".split())
    if trial.parent is not None:
        return f"continues {trial.parent}"
    return ""


def _laid(line, widths):
    """Lays texts out: numbers to the right, what is noted to the left."""
    *cells, note = [
        text.rjust(width) for text, width in zip(line, widths, strict=True)
    ]
    return [*cells, note.strip().ljust(widths[-1])]
