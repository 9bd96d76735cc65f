"""Objectives that need no labels against the probe that does."""

import dataclasses

from tfcmc.report.figures.looks import Look, in_percent, legend_below, mark
from tfcmc.report.figures.style import (
    COLOURS,
    GRID,
    MOST_ASIDE,
    grid,
    saved,
    wrapped,
)

TRIAL = Look(COLOURS[0], "o", "none")
CHOSEN = Look(COLOURS[1], "*", "none")
PROBES = Look(COLOURS[2], "s", "none")
DEFAULT = Look("black", "D", "none")
WIDTH = 6.4


@dataclasses.dataclass(frozen=True)
class Scatter:
    """The trials of a search by an objective without labels and the probe."""

    title: str  # what the panel says
    objective: str  # what the objective is
    better: str  # "higher" or "lower"; the better is drawn to the right
    trials: tuple  # `(score, accuracy)`s, one at least
    chosen: tuple  # that of the trial that the objective likes best
    best: tuple  # that of the trial that the probe likes best
    default: tuple | None = None  # that of the defaults


@saved
def label_free_objectives(panels):
    """Draws the probe's accuracy over each objective that needs no labels.

    Args:
        panels: `Scatter`s, one at least.
    """
    drawn, axes = grid(len(panels), width=WIDTH, height=5.4)
    for place, (axis, panel) in enumerate(zip(axes, panels, strict=True)):
        for pairs, look, size, above in (
            (panel.trials, TRIAL, 30, 3),
            ([panel.default] if panel.default else [], DEFAULT, 34, 4),
            ([panel.best], PROBES, 85, 5),
            ([panel.chosen], CHOSEN, 150, 6),
        ):
            if pairs:
                places = zip(*pairs, strict=True)
                mark(axis, places, look, size=size, above=above)
        axis.grid(**GRID)
        in_percent(axis.yaxis, 6)
        axis.locator_params(axis="x", nbins=5)
        axis.set_xlabel(f"{panel.objective}, better to the right")
        if panel.better == "lower":
            axis.invert_xaxis()
        width = WIDTH if len(panels) == 1 else 0.62 * WIDTH
        axis.set_title(wrapped(panel.title, 1.05 * width), fontsize=9)
        if place % MOST_ASIDE == 0:
            axis.set_ylabel("linear probe, validation part")
    entries = [
        (TRIAL, "a trial"),
        (CHOSEN, "the objective's choice"),
        (PROBES, "the probe's choice"),
    ]
    if any(panel.default for panel in panels):
        entries.append((DEFAULT, "the defaults"))
    legend_below(drawn, entries)
    return drawn
