"""The trials of a search as a table: Markdown, CSV, and for the screen."""

from tfcmc.evaluation.label_free import MEASURES
from tfcmc.report import laid_out, pipe_table
from tfcmc.report.summary import WIDTH, clock
from tfcmc.report.text_tables import rows_text
from tfcmc.searches.ranking import Results
from tfcmc.searches.records import DONE, OBJECTIVES, Trial

MOST_SHOWN = 12  # trials on the screen
LONGEST = 40  # letters of a reason on the screen
PRECISE = ("status", "parent", "reason")  # what the CSV file adds


def order_trials(results: Results) -> list[tuple[int | None, Trial]]:
    """Puts all trials in the order of the table, each with its rank.

    From 1 of those that can be compared; None of those trained for fewer
    epochs, the longest first, and of those that failed.
    """
    order = results.order
    numbers = {trial.number for trial in order}
    rest = sorted(
        (trial for trial in results.trials if trial.number not in numbers),
        key=lambda t: (t.status != DONE, -t.epochs, t.number),
    )
    return [*enumerate(order, start=1), *((None, trial) for trial in rest)]


def csv_text(results: Results) -> str:
    """Writes the defaults and the trials as CSV, in full precision."""
    columns = [*_columns(results), *PRECISE]
    return rows_text([*_rows(results)], columns)


def markdown(results: Results) -> str:
    """Writes a pipe table, and beneath it what its numbers are."""
    lines = [
        [text.replace("|", r"\|") for text in line]
        for line in _texts(results, _columns(results))
    ]
    better = {"higher": "highest", "lower": "lowest"}[results.objective.better]
    words = (
        f"Ranked by {results.objective.title}, the {better} first; "
        f"accuracies in %, on the validation part; one seed."
    )
    if len({t.epochs for t in results.trials if t.status == DONE}) > 1:
        words += " Trials trained for fewer epochs have no rank."
    return f"{pipe_table(lines, left=-1)}\n\n{words}\n"


def screen_text(results: Results) -> str:
    """Writes the first rows for a screen, without a line break at the end."""
    columns = _columns(results)
    if len({trial.epochs for trial in results.trials}) == 1:
        columns.remove("epochs")
    objective = results.search.objective
    columns = [
        name for name in columns if name not in MEASURES or name == objective
    ]
    lines = _texts(results, columns)
    shown = [
        [*cells, note[:LONGEST]]
        for *cells, note in lines[: MOST_SHOWN + 1 + bool(results.default)]
    ]
    laid = [line[:WIDTH] for line in laid_out(shown, left=-1)]
    if len(lines) > len(shown):
        laid.append(f"and {len(lines) - len(shown)} more, in table.md")
    return "\n".join(laid)


def value_text(value) -> str:
    """Writes the value of an option, numbers to four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _columns(results):
    """Returns the columns: what was chosen, then the scores that are known."""
    known = {name for trial in results.trials for name in trial.scores}
    scores = [name for name in OBJECTIVES if name in known]
    searched = results.search.space
    return ["rank", "trial", *searched, *scores, "epochs", "seconds"]


def _rows(results):
    """Yields the defaults and each trial, column to value."""
    first = [] if results.default is None else [(None, results.default)]
    for rank, trial in [*first, *order_trials(results)]:
        yield {
            "rank": rank,
            "trial": "default" if trial.number is None else trial.number,
            **trial.values,
            **trial.scores,
            **{
                name: getattr(trial, name)
                for name in ("epochs", "seconds", *PRECISE)
            },
        }


def _texts(results, columns):
    """Returns the head and the rows as texts, at their ends what is noted."""
    titles = {name: each.short for name, each in OBJECTIVES.items()}
    titles["seconds"] = "time"
    lines = [[*(titles.get(column, column) for column in columns), ""]]
    for row in _rows(results):
        note = ""
        if row["status"] != DONE:
            note = " ".join(f"{row['status']}: {row['reason']}".split())
        elif row["parent"] is not None:
            note = f"continues {row['parent']}"
        lines.append([*(_text(name, row.get(name)) for name in columns), note])
    return lines


def _text(column, value):
    if value is None:
        return ""
    if column in OBJECTIVES:
        return OBJECTIVES[column].text(value)
    return clock(value) if column == "seconds" else value_text(value)
