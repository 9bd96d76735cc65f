"""Scaling of symbolic pictures, in operations that every converter knows."""

from tfcmc.foundation.lazy import keras


def scaled(pictures, rows, columns, clip=lambda values: values):
    """Applies weights of columns, then of rows.

    Args:
        pictures: `[batch, height, width, channels]`, float32.
        rows: Array `[out height, height]`: what each row counts.
        columns: Array `[out width, width]`.
        clip: What either pass goes through.

    Returns:
        `[batch, out height, out width, channels]`.
    """
    # Three numbers side by side are no matrix to multiply by.
    planes = keras.ops.transpose(pictures, (0, 3, 1, 2))
    planes = clip(keras.ops.matmul(planes, columns.T))
    planes = clip(keras.ops.matmul(rows, planes))
    return keras.ops.transpose(planes, (0, 2, 3, 1))
