"""What encoders are made of, in loops."""

import numpy as np


def convolve(inputs, kernel):
    """A convolution of stride 2 of an even side, which it halves.

    Padded alike on both sides, for a kernel of an odd size once more at the
    end.
    """
    size, half = len(kernel), inputs.shape[1] // 2
    before = (size - 2) // 2
    around = (before, size - 2 - before)
    padded = np.pad(inputs, [(0, 0), around, around, (0, 0)])
    found = np.zeros((len(inputs), half, half, kernel.shape[-1]))
    for row in range(half):
        for column in range(half):
            patch = padded[
                :,
                2 * row : 2 * row + size,
                2 * column : 2 * column + size,
            ]
            found[:, row, column] = np.einsum("bhwc,hwco->bo", patch, kernel)
    return found
