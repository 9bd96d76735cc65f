"""A comparison written down: tables, figures, and the report.

Like `plan.py` it stands at the seam: it reads run folders, and hands plain
records down.
"""

import textwrap

from tfcmc.comparison.drawing import draw
from tfcmc.comparison.entries import check_one_data, shared_settings
from tfcmc.comparison.rows import COLUMNS, paper_rows, table_rows
from tfcmc.comparison.tuned import interval_words, tuned_words
from tfcmc.evaluation.classes import majority, unbalanced
from tfcmc.experiment.recipe import negatives_of
from tfcmc.foundation.atomic import write_whole
from tfcmc.foundation.text import printable
from tfcmc.losses import LOSSES, cards
from tfcmc.report import (
    Command,
    Failure,
    Finding,
    LossCard,
    Report,
    csv_text,
    difference,
    latex,
    markdown,
    screen_text,
    separated,
    write_report,
)
from tfcmc.report.summary import WIDTH, count_epochs


def compare(entries, failures, command, tuned=None):
    """Writes tables, figures and report of the finished runs.

    Args:
        entries: `Entry`s of one comparison.
        failures: Run name to the reason, of runs that broke.
        command: What repeats it.
        tuned: The `Tuned` of a comparison of searches, or None.

    Returns:
        The folder's `report.html`, or None where no run is finished.

    Raises:
        UsageError: if the finished runs are not of the same pictures.
    """
    finished = [entry for entry in entries if entry.finished()]
    if not finished:
        print("no run is finished: there is nothing to compare")
        return None
    check_one_data(finished)
    folder = entries[0].run.folder.parent
    rows = table_rows(finished)
    columns = [
        column
        for column in COLUMNS
        if any(column.key in row.cells for row in rows)
    ]
    write_whole(folder / "table.md", markdown(columns, rows))
    write_whole(folder / "table.csv", csv_text(columns, rows))
    write_whole(folder / "table.tex", latex(columns, rows))
    pairs, notes = (tuned.pairs, tuned.notes) if tuned else ((), ())
    report = Report(
        title=title_of(finished[0]),
        lead=lead(columns, rows, finished, failures, pairs),
        columns=tuple(columns),
        rows=tuple(rows),
        findings=tuple(findings_of(finished)),
        failures=tuple(Failure(*pair) for pair in failures.items()),
        pictures=tuple(draw(finished, folder / "figures", pairs)),
        cards=tuple(cards_of(finished)),
        commands=tuple(commands_of(finished, command)),
        settings=shared_settings(finished),
        versions=finished[0].metrics()["versions"],
        notes=(*notes_of(finished), *notes),
        **published(finished),
    )
    write_report(report, folder / "report.html")
    print(f"\n{screen_text(columns, rows)}\n")
    print(textwrap.fill(report.lead, WIDTH))
    print(f"\nthe report is {folder / 'report.html'}")
    return folder / "report.html"


def title_of(entry):
    """Says what was compared on what."""
    config = entry.plan.config
    return (
        f"Contrastive losses on {config.data}, {count_epochs(config.epochs)}"
    )


def lead(columns, rows, finished, failures, pairs=()):
    """Says in a few sentences which loss leads, and by how much.

    Args:
        columns: `Column`s of the table.
        rows: `Row`s of the table.
        finished: `Entry`s.
        failures: Run name to the reason.
        pairs: As in `Tuned`.

    Returns:
        Text; paragraphs are parted by a blank line.
    """
    parts = []
    if columns[0].key == "linear_probe":
        parts.append(ranking(rows))
        if pairs:
            parts.append(tuned_words(pairs, rows))
    collapsed = {
        entry.label
        for entry in finished
        for finding in entry.metrics()["findings"]
        if finding["collapse"] and finding["until"] == entry.epochs
    }
    if collapsed:
        listed = ", ".join(sorted(collapsed))
        parts.append(f"Collapsed at the end of training: {listed}.")
    if failures:
        parts.append(f"Broken and not in the table: {', '.join(failures)}.")
    return "\n\n".join(parts) or "The data have no labels: there is no probe."


def ranking(rows):
    """Says how the losses rank by the linear probe, beside the controls."""
    ranked = sorted(
        (row for row in rows if row.kind == "loss"),
        key=lambda row: -row.cells["linear_probe"].mean,
    )
    told = [f"{row.label} {_percent(row)}" for row in ranked]
    text = f"By the linear probe: {', '.join(told)}."
    if any(row.cells["linear_probe"].deviation is None for row in ranked):
        text += " One seed says nothing of the spread."
    else:
        for first, second in zip(ranked, ranked[1:], strict=False):
            text += f" {_gap(first, second)}"
    controls = [
        f"{row.label} {_percent(row)}" for row in rows if row.kind != "loss"
    ]
    return f"{text} Beside them: {', '.join(controls)}."


def _percent(row):
    cell = row.cells["linear_probe"]
    spread = "" if cell.deviation is None else f" ± {cell.deviation:.1f}"
    return f"{cell.mean:.1f}{spread} %"


def _gap(first, second):
    """Says whether the seeds separate two losses."""
    one, other = (row.cells["linear_probe"] for row in (first, second))
    ends = difference(one, other)
    told = interval_words(ends)
    if separated(ends):
        gap = f"{one.mean - other.mean:.1f} points"
        return f"{first.label} is {gap} above {second.label}{told}."
    if ends is None:
        told = ": where all seeds of a loss came out alike, its spread is not "
        told += "known"
    return (
        f"The seeds do not separate {first.label} from {second.label}{told}."
    )


def findings_of(finished):
    """Yields what the collapse doctor found, run by run."""
    for entry in finished:
        for finding in entry.metrics()["findings"]:
            until = finding["until"]
            words = finding["words"]
            if until < entry.epochs:
                words += f"; until epoch {until}"
            yield Finding(
                entry.name, finding["epoch"], words, finding["advice"]
            )


def cards_of(finished):
    """Yields the card of every loss compared."""
    for name in dict.fromkeys(entry.plan.loss.name for entry in finished):
        member = LOSSES.lookup(name).member
        notes = [("negatives", negatives_of(member))]
        yield LossCard(name, cards.full(member, notes))


def commands_of(finished, command):
    """Yields what repeats the comparison, and each run alone."""
    yield Command("The whole comparison", command)
    for entry in finished:
        yield Command(
            f"{entry.label}, seed {entry.seed}",
            entry.command(),
        )
    folder = finished[0].run.folder.parent
    yield Command("In TensorBoard", f"tensorboard --logdir={folder}")


def notes_of(finished):
    """Yields sentences on how the numbers were measured."""
    metrics = finished[0].metrics()
    few, every = (metrics[key]["images"] for key in ("sphere", "sphere_all"))
    of = "all" if few == every else f"a draw of {few:,}, in all runs the same,"
    yield (
        "Accuracies are of probes on the frozen features of both views, side "
        "by side, on the test part; whatever a probe chooses it chooses on a "
        "fifth of its training part. Alignment, uniformity and effective rank "
        f"are of {of} of the {every:,} pictures of the "
        f"{metrics['judged_on']} part."
    )
    sizes = metrics.get("classes", ())
    if unbalanced(sizes):
        name, share = majority(sizes)
        yield (
            f"The classes differ in size: always naming {printable(name)!r} "
            f"is right of {100 * share:.1f} %. The balanced accuracy is the "
            f"mean over classes of what is found of each."
        )
    yield (
        "Raw pixels and untrained encoders are the controls: what a loss adds "
        "is what stands above both."
    )
    floors = metrics["floors"]
    even, apart = (
        floors[name]
        for name in ("uniformity_uniform_sphere", "alignment_unrelated_views")
    )
    yield (
        f"Uniformity is {even:.2f} on an evenly covered sphere and 0 at one "
        f"point (at t {metrics['t']:g}); alignment is 0 at one point and "
        f"{apart:.3g} for unrelated views (at alpha {metrics['alpha']:g})."
    )
    starts = {}
    for entry in finished:
        key = entry.metrics()["controls_key"]
        starts.setdefault(entry.seed, set()).add(key)
    if all(len(keys) == 1 for keys in starts.values()):
        yield (
            "At each seed all losses started from the same weights, and were "
            "judged on the same pictures: the hashes of what the untrained "
            "encoders make of them agree."
        )
    else:
        yield (
            "NOT EQUAL: at some seed the hashes of what the untrained "
            "encoders make of the pictures differ between losses: other "
            "weights, pictures or settings. Do not compare them."
        )


def published(finished):
    """Returns the paper's table where the data are the paper's."""
    if finished[0].plan.data.name != "stl10":
        return {}
    return {
        "published": tuple(paper_rows()),
        "published_caption": (
            "Table 1 of the paper, on STL-10: its head is a softmax layer on "
            "features that are not standardised, as the plain head; its "
            "alignment and uniformity are of its own encoders."
        ),
    }
