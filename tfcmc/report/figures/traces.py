"""What runs leave behind over their epochs, as figures read it."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Trace:
    """One run over its epochs."""

    label: str  # its loss and seed
    group: str  # its loss; runs of one loss with other seeds share it
    rows: list  # one dict an epoch, column of `history.csv` to number
    start: tuple | None  # `(alignment, uniformity)` of the untrained encoders
    accuracy: float | None  # of the linear probe at the end, in [0, 1]
    floors: dict  # what `tfcmc.evaluation.verdict.floors` returned

    def column(self, name):
        """Returns a column `[epochs]`; NaN where a row lacks it."""
        return np.array(
            [row.get(name, np.nan) for row in self.rows], dtype=float
        )

    def points(self):
        """Returns alignment and uniformity `[epochs, 2]`; NaN at a gap."""
        points = np.stack(
            [self.column("alignment"), self.column("uniformity")], axis=1
        )
        points[~np.isfinite(points).all(axis=1)] = np.nan
        return points

    def has(self, name):
        """Whether a finite number stands in a column."""
        return bool(np.isfinite(self.column(name)).any())


def by_group(traces):
    """Returns group to its traces, in the order of first appearance."""
    groups = {}
    for trace in traces:
        groups.setdefault(trace.group, []).append(trace)
    return groups


def name_of(traces):
    """Returns what to call the traces of one group, seeds left out."""
    return traces[0].label if len(traces) == 1 else traces[0].group
