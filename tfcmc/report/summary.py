"""The verdict as text that fits one screen."""

import textwrap

from tfcmc.evaluation.classes import majority, unbalanced
from tfcmc.foundation.text import printable

WIDTH = 99
MOST_CLASSES = 6  # that are named where they differ in size

# Columns of the table, in this order.
TITLES = {
    "linear_probe": "linear probe",
    "mlp_head": "MLP head",
    "knn": "kNN",
    "plain_head": "plain head",
}


def verdict_text(result, names):
    """Lays out what `metrics.json` holds.

    Args:
        result: The metrics of a run.
        names: The name of each view.

    Returns:
        Fewer than 30 lines of at most 100 characters, and seven more where
        classes differ in size.
    """
    lines = ["", f"{result['loss']} on {result['data']}"]
    lines[-1] += f", {count_epochs(result['epochs'])}, seed {result['seed']}"
    lines.append("")
    if "raw_pixels" in result:
        lines += probe_lines(result, names)
    else:
        lines.append(f"no probe: {result['no_probe']}")
    lines.append("")
    lines += sphere_lines(result, names)
    lines.append("")
    lines += finding_lines(result["findings"])
    hashes = ", ".join(
        f"{name} {digest[:8]}"
        for name, digest in result["encoders_sha256"].items()
    )
    lines.append(f"weights the same before and after judging: {hashes}")
    return "\n".join(lines) + "\n"


def count_epochs(epochs):
    """Returns "1 epoch", "2 epochs"."""
    return f"{epochs} epoch" + ("" if epochs == 1 else "s")


def place(step, steps):
    """Says where a step is: "epoch 3", or "step 12 of 78 of epoch 4".

    Args:
        step: Steps done, from the start of training.
        steps: Steps an epoch.
    """
    epoch, within = divmod(step, steps)
    if within:
        return f"step {within:,} of {steps:,} of epoch {epoch + 1}"
    return f"epoch {epoch}"


def clock(seconds):
    """Returns "5:12" or "1:05:12"."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{seconds:02d}"
    return f"{minutes}:{seconds:02d}"


def probe_lines(result, names):
    """Lays out the accuracies: a row a kind of features, a column a probe."""
    probes = sorted(result["raw_pixels"], key=_place)
    titles = [TITLES.get(name, name.replace("_", " ")) for name in probes]
    head = f"{result['judged_on']} accuracy, %"
    lines = [_probe_row(head, "", titles)]
    rows = [("raw pixels", "", result["raw_pixels"], "both")]
    for label, row in (
        ("untrained encoders", result["untrained"]),
        ("trained encoders", result),
    ):
        for view in (*names, "both"):
            if view == "both" or view in row[probes[0]]:
                rows.append((label, view, row, view))
                label = ""
    for label, view, row, kind in rows:
        cells = [_accuracy(row[name], kind) for name in probes]
        lines.append(_probe_row(label, view, cells))
    if unbalanced(result["classes"]):
        lines += class_lines(result, probes)
    return [*lines, *choice_lines(result)]


def class_lines(result, probes):
    """Lays out what accuracy hides where classes differ in size."""
    name, share = majority(result["classes"])
    lines = [
        f"classes differ in size: always naming {printable(name)[:30]!r} is "
        f"right of {_percent(share)} %",
        "balanced accuracy, %: the mean over classes",
    ]
    for label, row in (
        ("raw pixels", result["raw_pixels"]),
        ("untrained encoders", result["untrained"]),
        ("trained encoders", result),
    ):
        cells = [_percent(row[name]["balanced_accuracy"]) for name in probes]
        lines.append(_probe_row(label, "", cells))
    found = [
        (share, printable(size["name"])[:30], size["judged"])
        for share, size in zip(
            result[probes[0]]["class_accuracy"],
            result["classes"],
            strict=True,
        )
        if share is not None
    ]
    found.sort()
    told = [f"{name} ({n:,}) {_percent(share)}" for share, name, n in found]
    if len(told) > MOST_CLASSES:
        told[MOST_CLASSES:] = [f"and {len(told) - MOST_CLASSES} more"]
    title = TITLES.get(probes[0], probes[0])
    text = f"{title} by class (of how many), %, worst first: "
    # A name stays on a line with its numbers.
    whole = [each.replace(" ", "\N{NO-BREAK SPACE}") for each in told]
    wrapped = textwrap.wrap(
        text + ", ".join(whole),
        WIDTH,
        subsequent_indent="    ",
        break_on_hyphens=False,
    )
    return lines + [
        line.replace("\N{NO-BREAK SPACE}", " ") for line in wrapped
    ]


def choice_lines(result):
    """Says what the probes chose, and how well it did where it was chosen."""
    told = {
        "linear_probe": lambda probe: (
            f"C = {probe['inverse_strength']:g} of the linear probe"
        ),
        "mlp_head": lambda probe: (
            f"{count_epochs(probe['epochs'])} of the MLP head"
        ),
    }
    chosen = [
        f"{words(result[name])} ({_accuracy(result[name], 'validation')} %)"
        for name, words in told.items()
        if name in result
    ]
    if not chosen:
        return []
    text = ",\n    ".join(chosen)
    return f"chosen on a part of the train part: {text}".splitlines()


def _place(probe):
    """Returns where a probe's column stands: first those with a title."""
    known = list(TITLES)
    return (known.index(probe) if probe in known else len(known), probe)


def _probe_row(label, view, cells):
    return f"{label:<{26 - len(view)}}{view}" + "".join(
        f"{cell:>14}" for cell in cells
    )


def sphere_lines(result, names):
    """Lays out alignment, uniformity and rank: one row a set of pictures."""
    columns = [*(f"unif. {name}" for name in names), "unif. both"]
    head = "".join(f"{column:>12}" for column in columns)
    where = f"on the {result['judged_on']} pictures"
    lines = [f"{where:28}{'alignment':>11}{head}{'rank':>7}"]
    few, every = result["sphere"], result["sphere_all"]
    drawn = few["images"] < every["images"]
    count = f"{few['images']:,} {'drawn' if drawn else 'images'}"
    lines.append(
        _sphere_row(
            f"untrained, {count}", result["untrained"]["sphere"], names
        )
    )
    lines += _with_interval(f"trained, {count}", few, names)
    if drawn:
        label = f"trained, {every['images']:,} images"
        lines += _with_interval(label, every, names)
    floors = result["floors"]
    lines.append(
        f"floors: uniformity {floors['uniformity_uniform_sphere']:.3f} on a "
        f"uniform sphere, 0 at one point;"
    )
    lines.append(
        f"        alignment 0 at one point, "
        f"{floors['alignment_unrelated_views']:.3g} for unrelated views"
    )
    return lines


def _sphere_row(label, row, names):
    cells = "".join(
        f"{row[f'uniformity_{name}']:>12.3f}" for name in (*names, "both")
    )
    return (
        f"{label:28}{row['alignment']:>11.4f}{cells}"
        f"{row['effective_rank']:>7.0f}"
    )


def _with_interval(label, row, names):
    """Lays out a row, and beneath it how far its own numbers could be off."""
    half = [
        f"{(row[f'{key}_interval'][1] - row[f'{key}_interval'][0]) / 2:.3f}"
        for key in (
            "alignment",
            *(f"uniformity_{name}" for name in (*names, "both")),
        )
    ]
    return [
        _sphere_row(label, row, names),
        f"{'  bootstrap, 95 %: +-':28}{half[0]:>11}"
        + "".join(f"{value:>12}" for value in half[1:]),
    ]


def finding_lines(findings):
    """Lays out what the collapse doctor found in the epochs trained."""
    lines = []
    for finding in findings:
        epochs = f"from epoch {finding['epoch']} to {finding['until']}"
        for indent, text in (
            ("! ", f"{epochs}: {finding['words']}"),
            ("  ", f"try: {finding['advice']}"),
        ):
            lines += textwrap.wrap(
                text,
                WIDTH,
                initial_indent=indent,
                subsequent_indent="  ",
            )
    return [*lines, ""] if lines else []


def _accuracy(probe, view):
    if view == "validation":
        accuracy = probe["validation_accuracy"]
    else:
        accuracy = (probe if view == "both" else probe[view])["accuracy"]
    return _percent(accuracy)


def _percent(share):
    return f"{100 * share:.1f}"
