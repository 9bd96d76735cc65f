"""Thumbnails of some pictures in one image: a square grid of equal tiles."""

import math

import numpy as np

from tfcmc.foundation.lazy import LazyModule

Image = LazyModule("PIL.Image")

TILE = 48  # side that is enough for a thumbnail


def draw_sprite(pictures):
    """Draws pictures side by side, row by row.

    The grid is square even where its last rows stay empty: TensorBoard's
    shader divides by the columns for the row. It takes 8,192 pixels a side:
    170 tiles a row.

    Args:
        pictures: Pictures, as in `tfcmc.data.pictures`; one or more, and all
            of them fit in memory.

    Returns:
        `(sprite, tile)`: `[side, side, 3]`, uint8, and a tile's side, no
        larger than its picture's.
    """
    count = len(pictures)
    columns, tile = math.ceil(math.sqrt(count)), min(pictures.side, TILE)
    grid = np.zeros([columns * columns, tile, tile, 3], np.uint8)
    grid[:count] = [
        Image.fromarray(each).resize((tile, tile), Image.Resampling.LANCZOS)
        for each in pictures.read(np.arange(count))
    ]
    rows = grid.reshape(columns, columns, tile, tile, 3).swapaxes(1, 2)
    return rows.reshape(columns * tile, columns * tile, 3), tile


def save_sprite(sprite, path):
    """Writes a sprite as PNG."""
    # Stronger compression takes several times as long and saves little.
    Image.fromarray(sprite).save(path, format="png", compress_level=1)
