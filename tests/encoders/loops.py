"""What encoders are made of, in loops."""

import numpy as np

from tfcmc.foundation.lazy import keras


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
                :, 2 * row : 2 * row + size, 2 * column : 2 * column + size
            ]
            found[:, row, column] = np.einsum("bhwc,hwco->bo", patch, kernel)
    return found


def average(inputs, size, stride):
    """Means of squares of a side, so far apart."""
    starts = range(0, inputs.shape[1] - size + 1, stride)
    found = [
        [
            inputs[:, row : row + size, column : column + size].mean((1, 2))
            for column in starts
        ]
        for row in starts
    ]
    return np.moveaxis(found, 2, 0)


def through(model, inputs, training):
    """What comes out of a model whose layers follow each other, in float64."""
    found = inputs.astype(np.float64)
    for layer in model.layers:
        arrays = [each.numpy() for each in layer.weights]
        if isinstance(layer, keras.layers.Conv2D):
            found = convolve(found, arrays[0])
        if isinstance(layer, keras.layers.BatchNormalization):
            scale, shift = arrays[:-2] or (1.0, 0.0)
            mean, variance = arrays[-2:]
            if training:
                axes = tuple(range(found.ndim - 1))
                mean, variance = found.mean(axes), found.var(axes)
            found = scale * (found - mean) / np.sqrt(variance + 1e-5) + shift
        if isinstance(layer, keras.layers.ReLU):
            found = np.maximum(found, 0)
        if isinstance(layer, keras.layers.AveragePooling2D):
            found = average(found, layer.pool_size[0], layer.strides[0])
        if isinstance(layer, keras.layers.Flatten):
            found = found.reshape(len(found), -1)
        if isinstance(layer, keras.layers.Dense):
            found = found @ arrays[0] + sum(arrays[1:])
    return found
