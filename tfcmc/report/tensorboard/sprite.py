"""Thumbnails of many pictures in one image: a square grid of equal tiles."""

import math

import numpy as np

from tfcmc.data.pictures import in_batches
from tfcmc.foundation.lazy import LazyModule

Image = LazyModule("PIL.Image")

LARGEST_SIDE = 8192  # of a sprite that TensorBoard takes, in pixels
TILE = 48  # side that is enough for a thumbnail
SMALLEST_TILE = 8
MOST_TILES = (LARGEST_SIDE // SMALLEST_TILE) ** 2
BATCH = 1024


def grid_of(count, side):
    """Returns tiles a side of the grid, and a tile's side in pixels.

    No tile is larger than its picture. `count` is at most `MOST_TILES`.
    """
    columns = math.isqrt(count - 1) + 1
    return columns, min(side, TILE, LARGEST_SIDE // columns)


def draw_sprite(pictures):
    """Draws pictures side by side, row by row.

    The grid is square even where its last rows stay empty: TensorBoard's
    shader divides by the columns for the row.

    Args:
        pictures: Pictures, as in `tfcmc.data.pictures`; one to `MOST_TILES`.

    Returns:
        `(sprite, tile)`: `[side, side, 3]`, uint8, and a tile's side.
    """
    columns, tile = grid_of(len(pictures), pictures.side)
    grid = np.zeros([columns * columns, tile, tile, 3], np.uint8)
    start = 0
    for batch in in_batches(pictures, BATCH):
        grid[start : start + len(batch)] = [shrunk(p, tile) for p in batch]
        start += len(batch)
    rows = grid.reshape(columns, columns, tile, tile, 3).swapaxes(1, 2)
    return rows.reshape(columns * tile, columns * tile, 3), tile


def shrunk(picture, side):
    """Returns a picture `[side, side, 3]`, uint8, no larger than it was."""
    if picture.shape[0] == side:
        return picture
    image = Image.fromarray(picture)
    return np.asarray(image.resize((side, side), Image.Resampling.LANCZOS))


def save_sprite(sprite, path):
    """Writes a sprite as PNG."""
    # Stronger compression takes several times as long and saves little.
    Image.fromarray(sprite).save(path, format="png", compress_level=1)
