"""The verdict as text that fits one screen."""


def verdict_text(result, names):
    """Lays out what `metrics.json` holds.

    Args:
        result: The metrics of a run.
        names: The name of each view.

    Returns:
        Lines of at most 79 characters.
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
    hashes = ", ".join(
        f"{name} {digest[:8]}"
        for name, digest in result["encoders_sha256"].items()
    )
    lines.append(f"weights the same before and after judging: {hashes}")
    return "\n".join(lines) + "\n"


def count_epochs(epochs):
    """Returns "1 epoch", "2 epochs"."""
    return f"{epochs} epoch" + ("" if epochs == 1 else "s")


def probe_lines(result, names):
    """Lays out the accuracies: one row a kind of features."""
    columns = (*names, "both")
    head = "".join(f"{column:>7}" for column in columns)
    width = len(head)
    lines = [
        f"{'':20}{'linear probe':>{width}}   {'plain head':>{width}}",
        f"{'test accuracy, %':20}{head}   {head}",
    ]
    rows = {
        "raw pixels": result["raw_pixels"],
        "untrained encoders": result["untrained"],
        "trained encoders": result,
    }
    for label, row in rows.items():
        cells = [
            "".join(
                f"{_accuracy(row[probe], column):>7}" for column in columns
            )
            for probe in ("linear_probe", "plain_head")
        ]
        lines.append(f"{label:20}{cells[0]}   {cells[1]}")
    probe = result["linear_probe"]
    lines.append(
        f"probe strength C = {probe['inverse_strength']:g}, chosen on the "
        f"validation part ({100 * probe['validation_accuracy']:.1f} % there)"
    )
    return lines


def sphere_lines(result, names):
    """Lays out alignment, uniformity and rank: one row a set of pictures."""
    columns = [*(f"unif. {name}" for name in names), "unif. both"]
    head = "".join(f"{column:>12}" for column in columns)
    where = f"on the {result['judged_on']} pictures"
    lines = [f"{where:28}{'alignment':>11}{head}{'rank':>7}"]
    rows = {
        "untrained": result["untrained"]["sphere"],
        "trained": result["sphere"],
        "trained ": result["sphere_all"],
    }
    for label, row in rows.items():
        cells = "".join(
            f"{row[f'uniformity_{name}']:>12.3f}" for name in (*names, "both")
        )
        text = f"{label.strip()}, {row['images']:,} images"
        lines.append(
            f"{text:28}{row['alignment']:>11.4f}{cells}"
            f"{row['effective_rank']:>7.0f}"
        )
    row = result["sphere_all"]
    half = [
        f"{(row[f'{key}_interval'][1] - row[f'{key}_interval'][0]) / 2:.3f}"
        for key in (
            "alignment",
            *(f"uniformity_{name}" for name in (*names, "both")),
        )
    ]
    lines.append(
        f"{'  bootstrap, 95 %: +-':28}{half[0]:>11}"
        + "".join(f"{value:>12}" for value in half[1:])
    )
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


def _accuracy(probe, column):
    if column == "both":
        return f"{100 * probe['accuracy']:.1f}"
    if column in probe:
        return f"{100 * probe[column]['accuracy']:.1f}"
    return ""
