"""The verdict as text that fits one screen."""

import textwrap

from tfcmc.evaluation.classes import majority, unbalanced
from tfcmc.evaluation.label_free import MEASURES
from tfcmc.evaluation.probes import SHOWN
from tfcmc.foundation.text import counted, printable

WIDTH = 99
MOST_CLASSES = 6  # that are named where they differ in size
MOST_VIEWS = 3  # that have a column of their own
TITLES = {probe.name: probe.extra["title"] for probe in SHOWN}


def verdict_text(result: dict, names) -> str:
    """Lays out what `metrics.json` holds.

    Args:
        names: The name of each view.

    Returns:
        Fewer than 30 lines, and seven more where classes differ in size; of
        at most 100 characters, unless views have long names.
    """
    title = f"{result['loss']} on {result['data']}"
    title += f", {count_epochs(result['epochs'])}, seed {result['seed']}"
    if "raw_pixels" in result:
        probed = probe_lines(result)
    else:
        probed = [f"no probe: {result['no_probe']}"]
    hashes = _short(result["encoders_sha256"])
    lines = ["", title, "", *probed, "", *_sphere_lines(result, names), ""]
    lines += _label_free_lines(result)
    lines += _finding_lines(result["findings"])
    if init := result.get("init"):
        place = printable(init["place"])
        lines.append(f"started from {place}: {_short(init['sha256'])}")
    if restarts := result.get("restarts"):
        told = ", ".join(f"{step:,}" for step in restarts)
        lines.append(f"schedule started again after step {told}")
    lines.append(f"weights the same before and after judging: {hashes}")
    return "\n".join(lines) + "\n"


def model_text(result: dict) -> str:
    """Lays out what was found of any model.

    Args:
        result: As `tfcmc.experiment.any_model` gives it.
    """
    lines = [f"{result['model']} on {result['data']}: {result['shown']}", ""]
    if "raw_pixels" in result:
        lines += probe_lines(result)
    else:
        lines.append(f"no probe: {result['no_probe']}")
    rows = {"trained": result["sphere"]}
    if "untrained" in result:
        rows = {"untrained": result["untrained"]["sphere"], **rows}
    columns = {"alignment": 4, "uniformity": 3, "effective_rank": 0}
    known = {n: d for n, d in columns.items() if n in result["sphere"]}
    where = f"on {result['sphere']['images']:,} {result['judged_on']} pictures"
    titles = [name.replace("effective_", "") for name in known]
    lines += ["", row_text(where, titles, 28, 12)]
    for label, row in rows.items():
        cells = [f"{row[name]:.{digits}f}" for name, digits in known.items()]
        lines.append(row_text(label, cells, 28, 12))
    floor = result["floors"]["uniformity_uniform_sphere"]
    lines.append(
        f"floors: uniformity {floor:.3f} on a uniform sphere, 0 at one point"
    )
    lines += ["", *_label_free_lines(result)]
    if "no_untrained" in result:
        lines.append(f"no untrained model: {result['no_untrained']}")
    return "\n".join(lines).rstrip("\n") + "\n"


def row_text(label: str, cells, first: int, width: int) -> str:
    """Lays out a row: a label of one width, cells to the right of another."""
    return f"{label:{first}}" + "".join(f"{cell:>{width}}" for cell in cells)


def _short(hashes):
    return ", ".join(f"{name} {each[:8]}" for name, each in hashes.items())


def count_epochs(epochs: int) -> str:
    """Returns "1 epoch", "2 epochs"."""
    return counted(epochs, "epoch", "epochs")


def place(step: int, steps: int) -> str:
    """Says where a step is: "epoch 3", or "step 12 of 78 of epoch 4".

    Args:
        step: Steps done, from the start of training.
        steps: Steps an epoch.
    """
    epoch, within = divmod(step, steps)
    if within:
        return f"step {within:,} of {steps:,} of epoch {epoch + 1}"
    return f"epoch {epoch}"


def percent(share: float) -> str:
    """Returns "59.0" of 0.59."""
    return f"{100 * share:.1f}"


def clock(seconds: float) -> str:
    """Returns "5:12" or "1:05:12"."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{seconds:02d}"
    return f"{minutes}:{seconds:02d}"


def probe_lines(result: dict) -> list[str]:
    """Lays out the accuracies: a row a kind of features, a column a probe."""
    known = [name for name in TITLES if name in result["raw_pixels"]]
    probes = [*known, *sorted(result["raw_pixels"].keys() - TITLES.keys())]
    titles = [_title(name) for name in probes]
    kinds = {"raw pixels": result["raw_pixels"]}
    # Of a model that cannot be made anew there is none.
    if "untrained" in result:
        kinds["untrained encoders"] = result["untrained"]
    kinds["trained encoders"] = result
    branches = tuple(result["encoders_sha256"])
    longest = sum(max(map(len, names)) for names in (kinds, branches))
    first = max(26, longest + 1)
    lines = [row_text(f"{result['judged_on']} accuracy, %", titles, first, 14)]
    for label, judged in kinds.items():
        for branch in branches:
            if branch in judged[probes[0]]:
                cells = [_accuracy(judged[name][branch]) for name in probes]
                lines.append(_probe_row(label, branch, cells, first))
                label = ""
        both = _all_of(branches) if judged is not result["raw_pixels"] else ""
        cells = [_accuracy(judged[name]) for name in probes]
        lines.append(_probe_row(label, both, cells, first))
    if unbalanced(result["classes"]):
        lines += _class_lines(result, probes, kinds, first)
    return [*lines, *_choice_lines(result)]


def _class_lines(result, probes, kinds, first):
    """Lays out what accuracy hides where classes differ in size."""
    name, share = majority(result["classes"])
    lines = [
        f"classes differ in size: always naming {printable(name)[:30]!r} is "
        f"right of {percent(share)} %",
        "balanced accuracy, %: the mean over classes",
    ]
    for label, judged in kinds.items():
        shares = (judged[name]["balanced_accuracy"] for name in probes)
        lines.append(row_text(label, map(percent, shares), first, 14))
    shares = result[probes[0]]["class_accuracy"]
    found = sorted(
        (share, printable(size["name"])[:30], size["judged"])
        for share, size in zip(shares, result["classes"], strict=True)
        if share is not None
    )
    told = [f"{name} ({n:,}) {percent(share)}" for share, name, n in found]
    if len(told) > MOST_CLASSES:
        told[MOST_CLASSES:] = [f"and {len(told) - MOST_CLASSES} more"]
    # A name stays on a line with its numbers.
    whole = ", ".join(each.replace(" ", "\N{NO-BREAK SPACE}") for each in told)
    title = f"{_title(probes[0])} by class (of how many), %, worst first"
    return lines + [
        line.replace("\N{NO-BREAK SPACE}", " ")
        for line in textwrap.wrap(
            f"{title}: {whole}",
            WIDTH,
            subsequent_indent="    ",
            break_on_hyphens=False,
        )
    ]


def _choice_lines(result):
    """Says what the probes chose, and how well it did where it was chosen."""
    chosen = {}
    if probe := result.get("linear_probe"):
        strength = f"{probe['inverse_strength']:g}"
        chosen[f"C = {strength} of the linear probe"] = probe
    if probe := result.get("mlp_head"):
        words = f"{count_epochs(probe['epochs'])} of the MLP head"
        if "inverse_strength" in probe:  # else judged before it was chosen
            words = f"C = {probe['inverse_strength']:g} and {words}"
        chosen[words] = probe
    told = ",\n    ".join(
        f"{words} ({percent(probe['validation_accuracy'])} %)"
        for words, probe in chosen.items()
    )
    return told and f"chosen on a part of the train part: {told}".splitlines()


def _title(probe):
    return TITLES.get(probe, probe.replace("_", " "))


def _probe_row(label, view, cells, first):
    return row_text(f"{label:<{first - len(view)}}{view}", cells, first, 14)


def _accuracy(probe):
    return percent(probe["accuracy"])


def _all_of(names):
    """What several branches or views together are called."""
    return {1: "", 2: "both"}.get(len(names), "all")


def _sphere_lines(result, names):
    """Lays out alignment, uniformity and rank: one row a set of pictures."""
    shown = names if len(names) <= MOST_VIEWS else ()
    views = (*shown, "both")
    where = f"on the {result['judged_on']} pictures"
    titles = [*(f"unif. {view}" for view in shown), f"unif. {_all_of(names)}"]
    titles = ["alignment", *titles, "rank"]
    few, every = result["sphere"], result["sphere_all"]
    drawn = few["images"] < every["images"]
    count = f"{few['images']:,} {'drawn' if drawn else 'images'}"
    untrained = result["untrained"]["sphere"]
    rows = [
        (where, titles),
        _measured(f"untrained, {count}", untrained, views),
        *_with_interval(f"trained, {count}", few, views),
    ]
    if drawn:
        label = f"trained, {every['images']:,} images"
        rows += _with_interval(label, every, views)
    widths = [11, *(max(12, len(title) + 2) for title in titles[1:-1]), 7]
    floors = result["floors"]
    return [
        *(_sphere_row(label, cells, widths) for label, cells in rows),
        f"floors: uniformity {floors['uniformity_uniform_sphere']:.3f} on a "
        f"uniform sphere, 0 at one point;",
        f"        alignment 0 at one point, "
        f"{floors['alignment_unrelated_views']:.3g} for unrelated views",
    ]


def _sphere_row(label, cells, widths):
    sized = zip(cells, widths, strict=True)
    texts = (f"{cell:>{width}}" for cell, width in sized)
    return f"{label:28}{''.join(texts)}".rstrip()


def _measured(label, row, views):
    """Returns a label and its cells."""
    cells = [f"{row[f'uniformity_{view}']:.3f}" for view in views]
    rank = f"{row['effective_rank']:.0f}"
    return label, [f"{row['alignment']:.4f}", *cells, rank]


def _with_interval(label, row, views):
    """Returns a row, and beneath it how far its own numbers could be off."""
    keys = ("alignment", *(f"uniformity_{view}" for view in views))
    ends = [row[f"{key}_interval"] for key in keys]
    half = [f"{(high - low) / 2:.3f}" for low, high in ends]
    off = "  bootstrap, 95 %: +-", [*half, ""]
    return [_measured(label, row, views), off]


def _label_free_lines(result):
    """Lays out what needs no labels, beside what says nothing."""
    rows = {"trained": result["sphere"], "saying nothing": result["floors"]}
    if "untrained" in result:
        rows = {"untrained": result["untrained"]["sphere"], **rows}
    names = [name for name in MEASURES if name in rows["trained"]]
    if not names:
        return []  # judged before it was measured
    count = f"on {result['sphere']['images']:,} images"
    titles = (MEASURES[name].short for name in names)
    lines = [row_text(f"without labels, {count}", titles, 30, 11)]
    for label, row in rows.items():
        cells = (f"{row[name]:.{MEASURES[name].digits}f}" for name in names)
        lines.append(row_text(label, cells, 30, 11))
    return [*lines, ""]


def _finding_lines(findings):
    """Lays out what the collapse doctor found in the epochs trained."""
    lines = []
    for finding in findings:
        epochs = f"from epoch {finding['epoch']} to {finding['until']}"
        for indent, text in (
            ("! ", f"{epochs}: {finding['words']}"),
            ("  ", f"try: {finding['advice']}"),
        ):
            lines += textwrap.wrap(
                text, WIDTH, initial_indent=indent, subsequent_indent="  "
            )
    return [*lines, ""] if lines else []
