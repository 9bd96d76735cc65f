"""Which combinations of levels are run, and in which order."""

import itertools

import numpy as np

from tfcmc.foundation.lazy import LazyModule

linalg = LazyModule("scipy.linalg")

# What is known beforehand of an effect: of a main one next to nothing, of an
# interaction that it is not large.
MAIN, INTERACTION = 1e-6, 1.0
PASSES = 20  # of exchanges
ROUNDING = 1e-9


def combinations(axes: dict, without=()) -> list[tuple]:
    """Returns every combination of levels that is not left out.

    Args:
        axes: Axis to its levels.
        without: Each of axis to levels: what has one of them on every axis
            is left out.

    Returns:
        A level an axis, in the order of the axes.
    """
    names = list(axes)
    return [
        cell
        for cell in itertools.product(*axes.values())
        if not any(
            all(cell[names.index(axis)] in each[axis] for axis in each)
            for each in without
        )
    ]


def contrasts(count: int) -> np.ndarray:
    """Returns orthonormal contrasts of some levels: `[count, count - 1]`.

    Each column adds up to 0: beside them the mean over levels is the rest.
    """
    return linalg.helmert(count).T if count > 1 else np.zeros([1, 0])


def model_matrix(cells, axes: dict, pairs=()) -> tuple[np.ndarray, dict]:
    """Returns what a linear model of some cells is made of.

    Args:
        cells: As `combinations` returns them.
        axes: Axis to its levels.
        pairs: Pairs of axes whose interactions are in the model too.

    Returns:
        The matrix `[cells, terms]`, its first column of ones, and effect,
        `(axis,)` or a pair, to the slice of its columns.
    """
    coded = {}
    for place, (axis, levels) in enumerate(axes.items()):
        rows = [list(levels).index(cell[place]) for cell in cells]
        coded[axis] = contrasts(len(levels))[rows]
    blocks = [np.ones([len(cells), 1])]
    places, taken = {}, 1
    for effect in [*((axis,) for axis in axes), *pairs]:
        block = coded[effect[0]]
        for axis in effect[1:]:
            block = block[:, :, None] * coded[axis][:, None, :]
            block = block.reshape(len(cells), -1)
        places[effect] = slice(taken, taken + block.shape[1])
        taken += block.shape[1]
        blocks.append(block)
    return np.concatenate(blocks, axis=1), places


def chosen(cells, axes: dict, count: int) -> list[tuple]:
    """Chooses the cells that tell the most together, and orders them.

    Each of the first few in order is exchanged for whatever raises the
    determinant most, until nothing does.

    Args:
        cells: As `combinations` returns them.
        axes: Axis to its levels.

    Reference: Fedorov 1972, "Theory of optimal experiments".
    """
    if count >= len(cells):
        return in_order(cells, axes)
    model = _Model(cells, axes)
    picked = model.in_order(range(len(cells)), count)
    for _ in range(PASSES):
        before = list(picked)
        for place in range(count):
            others = picked[:place] + picked[place + 1 :]
            unknown = model.unknown(model.inverse(others))
            unknown[others] = -np.inf
            own, best = picked[place], _first(unknown)
            if unknown[best] > unknown[own] * (1 + ROUNDING):
                picked[place] = best
        if picked == before:
            break
    return [cells[row] for row in model.in_order(sorted(picked))]


def in_order(cells, axes: dict) -> list[tuple]:
    """Orders cells so that any first few of them tell as much as they can.

    One after the other, each is the one whose value the model knows least of
    all: its determinant grows the most. Main effects come before
    interactions, of which it is supposed that they are small.

    Formula: the next row x has the largest x' M^-1 x, M = P + sum x x' over
        the rows before, P the precision that is supposed.

    Args:
        cells: As `combinations` returns them.
        axes: Axis to its levels.

    Reference: DuMouchel and Jones 1994, "A simple Bayesian modification of
        D-optimal designs to reduce dependence on an assumed model".
    """
    ordered = _Model(cells, axes).in_order(range(len(cells)))
    return [cells[row] for row in ordered]


class _Model:
    """All cells in a model of main effects and small interactions."""

    def __init__(self, cells, axes):
        pairs = list(itertools.combinations(axes, 2))
        self._matrix, places = model_matrix(cells, axes, pairs)
        self._precision = np.full(self._matrix.shape[1], MAIN)
        for pair in pairs:
            self._precision[places[pair]] = INTERACTION

    def inverse(self, rows):
        """Returns the covariance of the terms once some cells are known."""
        known = self._matrix[rows]
        return np.linalg.inv(np.diag(self._precision) + known.T @ known)

    def unknown(self, inverse):
        """Returns the variance of every cell's value, but for the noise."""
        return np.einsum(
            "ij,jk,ik->i", self._matrix, inverse, self._matrix, optimize=True
        )

    def in_order(self, rows, count=None):
        """Returns rows, the one that is known least next; all, or some."""
        left, ordered = list(rows), []
        inverse = np.diag(1.0 / self._precision)
        while left and len(ordered) != count:
            unknown = self.unknown(inverse)
            best = left.pop(_first(unknown[left]))
            moved = inverse @ self._matrix[best]
            inverse = inverse - np.outer(moved, moved) / (1 + unknown[best])
            ordered.append(best)
        return ordered


def _first(values):
    """The place of the largest; of equals but for rounding, the first."""
    return int(np.flatnonzero(values >= values.max() * (1 - ROUNDING))[0])
