"""What stands beside an exported model: its card, and the table in it."""

import hashlib
import platform
from importlib import metadata

import numpy as np

import tfcmc
from tfcmc.experiment.evaluate import hashes_of
from tfcmc.report.summary import count_epochs
from tfcmc.report.text_tables import MARKDOWN, laid_out, pipe_table
from tfcmc.runs.identity import ROLES
from tfcmc.runs.record import identity_of, read_metrics
from tfcmc.using.formats import CARD, FORMATS

PACKAGES = ("tensorflow", "keras", "numpy", "pillow")
BACKSLASH = r"\\\g<0>"
CUT = ": Keras cuts other types to bytes without a word."
PROBES = {
    "linear_probe": "linear probe",
    "mlp_head": "MLP head",
    "knn": "nearest neighbours",
}


def parity_words(found) -> str:
    """Says how near a model is to `tfcmc.load`, of a `Comparison`."""
    return (
        f"beside tfcmc.load on {found.pictures} pictures, in a process "
        f"without tfcmc: the largest difference {found.difference:.1e} of "
        f"features up to {found.largest:.3g}; 1 - cosine at most "
        f"{1 - found.cosine:.1e}"
    )


def screen_lines(found) -> list:
    """Lays out what was timed for a screen."""
    return laid_out(_lines(found), left=0)


def _lines(found):
    """The milliseconds of a `Comparison`, the head first."""
    height, width, several = found.timed
    head = [
        f"ms of {height}x{width}, median (10 % to 90 %)",
        "one picture",
        f"{several} pictures",
    ]
    return [
        head,
        *(
            [name, *map(_spread, seconds)]
            for name, seconds in found.seconds.items()
        ),
    ]


def _spread(seconds):
    low, middle, high = np.percentile(1000 * seconds, (10, 50, 90))
    return f"{middle:.3g} ({low:.3g} to {high:.3g}), n={len(seconds)}"


def checksum(path) -> str:
    """Returns the SHA-256 of a file, or of a folder's by their names."""
    digest = hashlib.sha256()
    for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if each.is_file():
            if each is not path:
                digest.update(each.relative_to(path).as_posix().encode())
            digest.update(each.read_bytes())
    return digest.hexdigest()


def card(plan, run, branches, kind: str, out, takes: str, found) -> str:
    """Writes the card of an exported model, as Markdown.

    Args:
        takes: The shape and type of what it takes.
        found: A `Comparison`.
    """
    config, parts = plan.config, identity_of(run)["data"]
    pictures = ", ".join(
        f"{parts[part]['pictures']:,} {role} "
        f"(SHA-256 {parts[part]['sha256'][:16]})"
        for part, role in ROLES.items()
        if part in parts
    )
    packages = [f"{name} {metadata.version(name)}" for name in PACKAGES]
    packages += [each for each in found.versions if each not in packages]
    side = parts["pretrain"]["side"]
    said = {
        "Data": f"{config.data}: {pictures}; pictures of {side}x{side}",
        "Loss": config.loss,
        "Views": f"{config.views}, of {config.side}x{config.side}"
        + (f", read at {config.read_side}" if config.read_side else ""),
        "Encoder": config.encoder,
        "Training": f"{count_epochs(config.epochs)} of batches of "
        f"{config.batch_size}, seed {config.seed}",
        "Verdict": verdict_words(read_metrics(run), hashes_of(branches)),
        "File": f"{out.name}, {kind}, SHA-256 {checksum(out)}",
        "Versions": ", ".join(
            [
                f"tfcmc {tfcmc.__version__}",
                *packages,
                f"Python {platform.python_version()}",
            ]
        ),
    }
    lines = [
        f"- **{name}**: {MARKDOWN.sub(BACKSLASH, text)}"
        for name, text in said.items()
    ]
    return "\n".join(
        [
            f"# {out.name}",
            "",
            f"{CARD} {MARKDOWN.sub(BACKSLASH, run.folder.name)}.",
            "",
            *lines,
            "",
            "## Use",
            "",
            f"- **Input** `pictures`: {takes}, red, green and blue of sRGB "
            f"from 0 to 255. The shorter side is scaled, the middle square "
            f"kept and its colours converted inside the model. Give uint8"
            + (CUT if kind == "keras" else "."),
            f"- **Output**: [batch, {found.dim}] of float32, "
            f"{' and '.join(found.branches)} side by side.",
            "",
            "```python",
            FORMATS[kind].call.format(path=out.name),
            "```",
            "",
            "## Checked",
            "",
            f"{parity_words(found).capitalize()}.",
            "",
            pipe_table(_lines(found), left=0),
            "",
            "## Licence",
            "",
            "tfcmc's code is under the Apache License 2.0. That says nothing "
            "of the pictures, whose owners' terms tfcmc does not know: they "
            "may bind what was learnt from them.",
            "",
        ]
    )


def verdict_words(metrics: dict | None, hashes: dict) -> str:
    """Says what `metrics.json` does of weights of these hashes, on a line."""
    if metrics is None:
        return "none; tfcmc evaluate gives it"
    if metrics.get("encoders_sha256") != hashes:
        return "none of these weights; tfcmc evaluate gives it"
    told = [
        f"{words} {100 * metrics[name]['accuracy']:.1f} % (untrained "
        f"{100 * metrics['untrained'][name]['accuracy']:.1f} %)"
        for name, words in PROBES.items()
        if name in metrics
    ]
    told += [
        f"{name} {metrics[name]:.3f}" for name in ("alignment", "uniformity")
    ]
    told += [
        f"found: {each['words']}"
        for each in metrics["findings"]
        if each["collapse"]
    ]
    return f"on {metrics['judged_on']}: {', '.join(told)}"
