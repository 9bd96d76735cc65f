"""The pages of the documentation that are written from the code itself."""

import os
import pathlib
import subprocess
import sys

import numpy as np
from matplotlib.figure import Figure

from tfcmc.__main__ import COMMANDS, line_of
from tfcmc.data import shapes
from tfcmc.evaluation.features import Encoded
from tfcmc.evaluation.negative_weights import (
    negative_weights,
    weighs_negatives,
)
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.presets import PRESETS
from tfcmc.experiment.presets import cards as preset_cards
from tfcmc.experiment.recipe import make_plan
from tfcmc.experiment.refusals import negatives_of
from tfcmc.foundation.lazy import tf
from tfcmc.losses import LOSSES, cards
from tfcmc.losses.layer import Loss
from tfcmc.report import figures

PICTURES, DIM = 64, 16  # of the embeddings that figures are drawn of


def write(folder: pathlib.Path) -> None:
    """Writes the pages of commands, losses and methods, and their figures.

    Args:
        folder: Where to; each kind has a folder in it.
    """
    losses = _made(folder, "losses")
    (losses / "list.txt").write_text(loss_list(), "utf-8")
    for kind, pages in (
        ("commands", command_pages()),
        ("losses", loss_pages(losses)),
        ("methods", method_pages()),
    ):
        place = _made(folder, kind)
        names = []
        for name, text in pages:
            (place / f"{name}.md").write_text(text, "utf-8")
            names.append(name)
        if kind == "losses":  # a page that is kept leads to them
            continue
        listed = "\n".join(names)
        (place / "index.md").write_text(
            f"# {kind.capitalize()}\n\n```{{toctree}}\n:maxdepth: 1\n\n"
            f"{listed}\n```\n",
            "utf-8",
        )
    draw_collapses(_made(folder, "drawn") / "collapses.png")
    draw_views(folder / "drawn")


def command_pages():
    """Yields a page a command: what its own `--help` says."""
    for name in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "tfcmc", name, "--help"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "COLUMNS": "88"},
        )
        said = done.stdout.replace("python -m tfcmc", "tfcmc")
        yield (
            name,
            f"# tfcmc {name}\n\n{line_of(name)}\n\n```text\n{said}```\n",
        )


def loss_list():
    """Returns an item a loss: of its card what one looks up."""
    items = []
    for name in LOSSES.names():
        bound = LOSSES.lookup(name)
        card = cards.read_card(bound.member.function)
        also = "".join(f", or `{each}`" for each in LOSSES.aliases(name))
        told = [card.line, card.sections["Formula"]]
        told += [f"At collapse: {card.sections['At collapse']}"]
        items.append(f"- [`{bound.spec}`](losses/{name}.md){also}")
        items += [each.replace("*", r"\*") for each in told]
    return "\n\n  ".join(items).replace("\n\n  - ", "\n- ") + "\n"


def loss_pages(place):
    """Yields a page a loss: its card, and whom its gradient pushes."""
    first, second = _embeddings(np.random.default_rng(0), apart=0.6)
    for name in LOSSES.names():
        member = LOSSES.lookup(name).member
        card = cards.full(member, [("negatives", negatives_of(member))])
        text = f"# {name}\n\n```text\n{card}\n```\n"
        loss = Loss(LOSSES.lookup(name))
        if weighs_negatives(loss):
            figures.gradient_anatomy(
                [(name, *negative_weights(loss, first, second))],
                place / f"{name}.png",
                note=f"on {PICTURES} random pictures, {DIM} dimensions",
            )
            text += f"\n![The weight of a negative by its similarity, for \
{name}.]({name}.png)\n"
        else:
            text += (
                "\nIt weighs no negative one by one: there is no figure of "
                "its gradient.\n"
            )
        yield name, text


def method_pages():
    """Yields a page a preset: its card."""
    standard = PretrainConfig()
    for name, preset in PRESETS.items():
        card = preset_cards.full(name, preset, standard)
        yield name, f"# {name}\n\n```text\n{card}\n```\n"


def draw_collapses(path):
    """Draws what each collapse looks like, beside what has none."""
    rng = np.random.default_rng(1)
    healthy = _embeddings(rng, apart=0.3)
    noise = 0.03 * rng.normal(size=(2, PICTURES, DIM))
    point = rng.normal(size=DIM)
    points = rng.normal(size=(2, 1, DIM))
    few = np.zeros((PICTURES, DIM))
    few[:, :2] = rng.normal(size=(PICTURES, 2)) * [1.0, 0.15]
    kinds = {
        "none": healthy,
        "complete: all pictures are one point": point + noise,
        "a constant a view: each view is a point of its own": points + noise,
        "dimensional: all pictures lie along one line": few + noise,
    }
    panels = []
    for title, views in kinds.items():
        views = tuple(
            _unit(np.asarray(view)).astype(np.float32) for view in views
        )
        panels.append(figures.Panel(title, ("L", "ab"), Encoded(views, views)))
    figures.hypersphere(panels, path)


def draw_views(place):
    """Draws the views that encoders see of three pictures, for two kinds."""
    rng = np.random.default_rng(3)
    pictures = np.concatenate(
        [shapes.paint(rng, label, 1, 64) for label in (2, 5, 8)]
    )
    for kind, settings in (
        ("lab", {}),
        ("rgb", {"views": "rgb(count=2)", "head": "mlp"}),
    ):
        plan = make_plan(make_config(settings))
        views = Architecture(plan, 64).views
        draws = views.draw(0, 0, np.arange(3), 3)
        made = views.convert(tf.constant(pictures), tf.constant(draws))
        _grid(pictures, made, views.names, place / f"views_{kind}.png")


def _grid(pictures, made, names, path):
    """Draws pictures in the first column, a view a column beside them."""
    drawn = Figure(figsize=(2.2 * (1 + len(names)), 6.6), layout="tight")
    axes = drawn.subplots(len(pictures), 1 + len(names))
    for row, picture in enumerate(pictures):
        shown = [picture, *(_shown(view[row].numpy()) for view in made)]
        for place, (axis, image) in enumerate(
            zip(axes[row], shown, strict=True)
        ):
            axis.imshow(image, cmap="gray", vmin=0, vmax=1)
            axis.set_axis_off()
            if row == 0:
                axis.set_title(["picture", *names][place])
    drawn.savefig(path, dpi=110)


def _shown(view):
    """Makes a view visible: one channel grey, ab as red and green."""
    low, high = view.min(), view.max()
    view = (view - low) / max(high - low, 1e-6)
    if view.shape[-1] == 2:
        return np.concatenate([view, 1 - view[..., :1]], axis=-1)
    return view[..., 0] if view.shape[-1] == 1 else view


def _embeddings(rng, apart):
    """Two views `[PICTURES, DIM]` of unit length, so far from each other."""
    middle = _unit(rng.normal(size=(PICTURES, DIM)))
    return tuple(
        _unit(middle + apart * rng.normal(size=middle.shape) / DIM**0.5)
        for _ in range(2)
    )


def _unit(vectors):
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / lengths).astype(np.float32)


def _made(folder, name):
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    return place
