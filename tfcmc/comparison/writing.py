"""A comparison written down: tables, figures, and the report.

Like `recipe.py` it stands at the seam: it reads run folders, and hands plain
records down.
"""

import shlex
import textwrap
from collections.abc import Iterator

from tfcmc.comparison.drawing import draw
from tfcmc.comparison.entries import Entry, check_one_data, shared_settings
from tfcmc.comparison.rows import (
    LINEAR,
    agreement,
    comparison_tables,
    paper_table,
)
from tfcmc.comparison.tuned import Tuned, interval_words, tuned_words
from tfcmc.evaluation.classes import majority, unbalanced
from tfcmc.experiment.config import PretrainConfig
from tfcmc.experiment.presets import PRESETS
from tfcmc.experiment.presets import cards as preset_cards
from tfcmc.experiment.refusals import negatives_of
from tfcmc.foundation.atomic import write_whole
from tfcmc.foundation.text import distinct, listed, printable
from tfcmc.losses import cards
from tfcmc.report import (
    Cell,
    Finding,
    Report,
    Section,
    Table,
    csv_text,
    difference,
    latex,
    markdown,
    screen_text,
    separated,
    write_report,
)
from tfcmc.report.summary import WIDTH, clock, count_epochs

PAPERS = (
    "Table 1 of the paper, on STL-10: its head is a softmax layer on features "
    "that are not standardised, as the plain head; its alignment and "
    "uniformity are of its own encoders."
)


def compare(
    entries: list[Entry],
    failures: dict,
    command: str,
    tuned: Tuned | None = None,
) -> Table | None:
    """Writes tables, figures and report of the finished runs.

    Args:
        failures: Run name to the reason, of runs that broke.
        command: What repeats it.
        tuned: Of a comparison of searches.

    Returns:
        The table; None where no run is finished.

    Raises:
        UsageError: if the finished runs are not of the same pictures.
    """
    finished = [entry for entry in entries if entry.finished()]
    if not finished:
        print("no run is finished: there is nothing to compare")
        return None
    check_one_data(finished)
    folder = entries[0].run.folder.parent
    table, without_labels = comparison_tables(finished)
    if without_labels:
        write_whole(folder / "without_labels.csv", csv_text(without_labels))
    tuned = tuned or Tuned((), ())
    config = finished[0].plan.config
    methods = "preset" in finished[0].named_by
    report = report_of(
        finished,
        command,
        title=f"{'Methods' if methods else 'Contrastive losses'} on "
        f"{config.data}, {length_words(config)}",
        row="method" if methods else "loss",
        lead=tuple(lead(table, finished, failures, tuned.pairs)),
        table=table,
        more=tuple(more_tables(finished, without_labels)),
        failures=failures,
        pictures=tuple(draw(finished, folder / "figures", tuned.pairs)),
        notes=(*notes_of(finished), *tuned.notes),
    )
    write_down(report, folder)
    print(f"\n{screen_text(table)}\n")
    if without_labels:
        print(f"Without labels\n{screen_text(without_labels)}\n")
    print(textwrap.fill(" ".join(report.lead), WIDTH))
    print(f"\nthe report is {folder / 'report.html'}")
    return table


def report_of(finished: list[Entry], command: str, **own) -> Report:
    """Returns a report of finished runs, with what is told of any.

    Args:
        command: What repeats them all.
        **own: The attributes of `Report` that are this one's own.
    """
    return Report(
        findings=tuple(findings_of(finished)),
        cards=cards_of(finished),
        commands=commands_of(finished, command),
        settings=shared_settings(finished),
        versions=versions_of(finished),
        **own,
    )


def write_down(report: Report, folder) -> None:
    """Writes a report, and its table for other programs."""
    for kind, write in (("md", markdown), ("csv", csv_text), ("tex", latex)):
        write_whole(folder / f"table.{kind}", write(report.table))
    write_report(report, folder / "report.html")


def lead(
    table: Table, finished: list[Entry], failures: dict, pairs=()
) -> Iterator[str]:
    """Says in a few paragraphs which loss leads, and by how much.

    Args:
        failures: Run name to the reason.
        pairs: As in `Tuned`.
    """
    if LINEAR in table.columns:
        yield ranking(table)
        if pairs:
            yield tuned_words(pairs, table)
    collapsed = {
        entry.label
        for entry in finished
        for finding in entry.metrics()["findings"]
        if finding["collapse"] and finding["until"] == entry.epochs
    }
    if collapsed:
        told = ", ".join(sorted(collapsed))
        yield f"Collapsed at the end of training: {told}."
    if failures:
        yield f"Broken and not in the table: {', '.join(failures)}."
    if not (collapsed or failures or LINEAR in table.columns):
        yield "The data have no labels: there is no probe."


def ranking(table: Table) -> str:
    """Says how the losses rank by the linear probe, beside the controls."""
    cells = table.cells(LINEAR)
    losses = table.losses()
    ranked = sorted(losses, key=lambda label: -cells[label].mean)
    told = {
        label: f"{label} {_percent(cell)}" for label, cell in cells.items()
    }
    text = f"By the linear probe: {', '.join(told[row] for row in ranked)}."
    alone = [label for label in ranked if cells[label].deviation is None]
    several = [label for label in ranked if label not in alone]
    for pair in zip(several, several[1:], strict=False):
        text += f" {_gap(*pair, *(cells[label] for label in pair))}"
    if alone:
        of = f" of {listed(alone)}" if several else ""
        text += f" One seed says nothing of the spread{of}."
    controls = [told[label] for label in told if label not in losses]
    return f"{text} Beside them: {', '.join(controls)}."


def without_labels_words(table: Table) -> str:
    """Says what the numbers are read against, and how they rank the rows."""
    text = (
        "What says nothing of a picture has a LiDAR and a NESum of 1, an "
        "alpha-ReQ of 0 (near 1 is taken for good) and finds the other view "
        "no oftener than by chance; a modality gap of 0 is none."
    )
    found = agreement(table)
    if found:
        told = ", ".join(f"{name} {r:.2f}" for name, r in found.items())
        text += (
            f" Spearman's rank correlation with the linear probe, over the "
            f"{len(table.losses())} rows that were trained: {told}."
        )
    return text


def _percent(cell: Cell):
    spread = "" if cell.deviation is None else f" ± {cell.deviation:.1f}"
    return f"{cell.mean:.1f}{spread} %"


def _gap(first, second, one: Cell, other: Cell):
    """Says whether the seeds separate two losses."""
    ends = difference(one, other)
    told = interval_words(ends)
    if separated(ends):
        gap = f"{distinct(one.mean - other.mean)} points"
        return f"{first} is {gap} above {second}{told}."
    if ends is None:
        told = ": where all seeds of a loss came out alike, its spread is not "
        told += "known"
    return f"The seeds do not separate {first} from {second}{told}."


def findings_of(finished: list[Entry]) -> Iterator[Finding]:
    """Yields what the collapse doctor found, run by run."""
    for entry in finished:
        for found in entry.metrics()["findings"]:
            until, words = found["until"], found["words"]
            if until < entry.epochs:
                words += f"; until epoch {until}"
            yield Finding(entry.name, found["epoch"], words, found["advice"])


def cards_of(finished: list[Entry]) -> dict:
    """Returns the card of every method and loss compared, by its name."""
    members = {e.plan.loss.name: e.plan.loss.member for e in finished}
    methods = {
        e.plan.config.preset for e in finished if "preset" in e.named_by
    }
    standard = PretrainConfig()
    return {
        name: preset_cards.full(name, preset, standard)
        for name, preset in PRESETS.items()
        if name in methods
    } | {
        name: cards.full(member, [("negatives", negatives_of(member))])
        for name, member in members.items()
    }


def commands_of(finished: list[Entry], command: str) -> dict:
    """Returns what repeats the comparison, and each run alone."""
    folder = finished[0].run.folder.parent
    return {
        "The whole comparison": command,
        **{f"{e.label}, seed {e.seed}": e.command() for e in finished},
        "In TensorBoard": shlex.join(["tensorboard", f"--logdir={folder}"]),
    }


def versions_of(finished: list[Entry]) -> dict:
    """Returns software to its version: "1.2.0", or "1.2.0 and 1.3.0"."""
    found = {}
    for entry in finished:
        for name, version in entry.metrics()["versions"].items():
            found.setdefault(name, {})[str(version)] = None
    return {name: listed(list(each)) for name, each in found.items()}


def notes_of(finished: list[Entry]) -> Iterator[str]:
    """Yields sentences on how the numbers were measured."""
    metrics = finished[0].metrics()
    few, every = (metrics[key]["images"] for key in ("sphere", "sphere_all"))
    of = "all" if few == every else f"a draw of {few:,}, in all runs the same,"
    part = f"the {metrics['judged_on']} part"
    if "raw_pixels" in metrics:
        yield (
            f"Accuracies are of probes on the frozen features of all views, "
            f"side by side, on {part}; whatever a probe chooses it chooses on "
            f"a fifth of its training part."
        )
    yield (
        f"Alignment, uniformity and effective rank are of {of} of the "
        f"{every:,} pictures of {part}."
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
    apart = metrics["floors"]["alignment_unrelated_views"]
    yield (
        f"Uniformity is {_even_words(finished)} on an evenly covered sphere "
        f"and 0 at one point (at t {metrics['t']:g}); alignment is 0 at one "
        f"point and {apart:.3g} for unrelated views (at alpha "
        f"{metrics['alpha']:g})."
    )
    yield _equal_words(finished)
    yield _start_words(finished)


def _even_words(finished):
    """Says what uniformity is on an evenly covered sphere, in all runs."""
    floors = [entry.metrics()["floors"] for entry in finished]
    even = [each["uniformity_uniform_sphere"] for each in floors]
    low, high = (f"{end(even):.2f}" for end in (min, max))
    if low == high:
        return low
    return f"from {low} to {high}, by the dimensions of the embeddings,"


def length_words(config) -> str:
    """Says how long every run of a comparison was trained for."""
    if config.budget:
        return f"{config.budget} of training"
    if config.steps:
        return f"{config.steps:,} steps"
    return count_epochs(config.epochs)


def _equal_words(finished):
    """Says what was equal in all runs: epochs, steps or time."""
    config = finished[0].plan.config
    if not config.budget:
        equal = "steps" if config.steps else "epochs"
        return (
            f"Equal was the number of {equal}: {length_words(config)} each, "
            f"whatever a step costs."
        )
    times = [entry.seconds() for entry in finished]
    return (
        f"Equal was the time, {config.budget} of training each, without "
        f"compiling and what is measured between epochs: the speed of each "
        f"run was measured before its first step, and as many steps as fit "
        f"were its schedule. They took {clock(min(times))} to "
        f"{clock(max(times))}."
    )


def _start_words(finished):
    """Says whether all rows started from the same weights."""
    if "preset" in finished[0].named_by:
        return (
            "All methods learnt from the same pictures, each with batches, "
            "views and encoders of its own; those of equal views and encoders "
            "started at each seed from the same weights and stand beside the "
            "same controls."
        )
    starts = {}
    for entry in finished:
        found = entry.metrics()
        # What the key is of as well as of the encoders.
        how = found.get("evaluate", "full"), found["versions"]["tfcmc"]
        keys = starts.setdefault((entry.seed, *how), set())
        keys.add(found["controls_key"])
    equal = all(len(keys) == 1 for keys in starts.values())
    if equal and len(starts) > len({seed for seed, *_ in starts}):
        return (
            "Whether all losses started from the same weights is not known "
            "of those that were judged to another extent, or by another "
            "version of tfcmc."
        )
    if equal:
        return (
            "At each seed all losses started from the same weights, and were "
            "judged on the same pictures: the hashes of what the untrained "
            "encoders make of them agree."
        )
    return (
        "NOT EQUAL: at some seed the hashes of what the untrained encoders "
        "make of the pictures differ between losses: other weights, pictures "
        "or settings. Do not compare them."
    )


def more_tables(
    finished: list[Entry], without_labels: Table | None
) -> Iterator[Section]:
    """Yields what needs no labels, and the paper's table for its data."""
    if without_labels is not None:
        name, title = "without-labels", "Without labels"
        words = without_labels_words(without_labels)
        yield Section(name, title, without_labels, words)
    if finished[0].plan.data.name == "stl10":
        yield Section(
            "published", "The paper's own table", paper_table(), PAPERS
        )
