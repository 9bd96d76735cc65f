"""The draws of views, and where torchvision cuts a view out by them."""

import math

import numpy as np

from tfcmc.foundation.draws import uniforms
from tfcmc.views.augment import DRAWS


def view_draws(tag, count, seed=0):
    """Uniform numbers of one view of each of the first examples."""
    return uniforms(seed, tag, 0, np.arange(count), 1, DRAWS)[:, 0]


def box_of(u, row, height, width):
    """torchvision 0.28's RandomResizedCrop.get_params, draws given."""
    logs = math.log(row.ratio_low), math.log(row.ratio_high)
    low, high = row.area_low, row.area_high
    for n in range(10):
        area = height * width * (low + (high - low) * float(u[n]))
        ratio = math.exp(logs[0] + (logs[1] - logs[0]) * float(u[10 + n]))
        w = int(round(math.sqrt(area * ratio)))
        h = int(round(math.sqrt(area / ratio)))
        if 0 < w <= width and 0 < h <= height:
            i = int(float(u[20]) * (height - h + 1))
            j = int(float(u[21]) * (width - w + 1))
            return i, j, h, w
    own = width / height
    if own < row.ratio_low:
        w, h = width, int(round(width / row.ratio_low))
    elif own > row.ratio_high:
        w, h = int(round(height * row.ratio_high)), height
    else:
        w, h = width, height
    return (height - h) // 2, (width - w) // 2, h, w
