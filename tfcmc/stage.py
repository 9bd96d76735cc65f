"""What training, judging and every later use of a run are set on.

Like `plan.py` it stands at the seam: it reads a plan, and hands plain
arguments down.
"""

import numpy as np

from tfcmc.checks import UsageError
from tfcmc.crops import SIDE, corners
from tfcmc.data import Reading
from tfcmc.data.walk import walk_source
from tfcmc.encoders import FEATURES
from tfcmc.evaluation.features import make_reader
from tfcmc.lazy import keras

VIEW_SEEDS = 1000  # apart, so that the views' encoders start differently


class Stage:
    """What both training and judging are set on: views, crop, encoders.

    Args:
        plan: A `Plan`.
        side: Side of the pictures, in pixels.
    """

    def __init__(self, plan, side):
        self.views = plan.views.function()
        self.crop = plan.crop.function(side)
        self.centre = corners(
            self.crop.centre, np.False_, side + 2 * self.crop.pad
        )
        self._encoder = plan.encoder.function
        self._seed = plan.config.seed

    def encoders(self):
        """Returns one encoder a view with the initial weights of the seed."""
        return [
            self._encoder(
                (SIDE, SIDE, channels), self._seed + VIEW_SEEDS * view
            )
            for view, channels in enumerate(self.views.channels)
        ]

    def reader(self, encoders):
        """Returns the function that encodes the centre crop of pictures."""
        return make_reader(
            encoders,
            self.views.convert,
            pad=self.crop.pad,
            centre=self.centre,
        )


def read_source(plan):
    """Reads the plan's data.

    Args:
        plan: A `Plan`.

    Returns:
        A `Source`.

    Raises:
        UsageError: if they cannot be read.
    """
    return plan.data.function(_reading(plan.config), plan.data.argument)


def walk(plan):
    """Walks over every picture of the plan's data, whatever its part.

    Args:
        plan: A `Plan`.

    Returns:
        A `Walk`: of a folder all that is beneath it, with file names; of
        other data all parts, with numbers.

    Raises:
        UsageError: if they cannot be read.
    """
    special = plan.data.member.extra.get("walk")
    if special is not None:
        return special(_reading(plan.config), plan.data.argument)
    return walk_source(read_source(plan))


def load_encoders(plan, run):
    """Loads the trained encoders of a run; nothing in them is executed.

    Args:
        plan: The `Plan` it was trained by.
        run: The `Run`.

    Returns:
        One `keras.Model` a view.

    Raises:
        UsageError: if one is missing, damaged or not of this plan.
    """
    views = plan.views.function()
    return [
        _load_encoder(run.encoders / f"{name}.keras", channels)
        for name, channels in zip(views.names, views.channels, strict=True)
    ]


def _reading(config):
    return Reading(
        data_dir=config.data_dir,
        side=config.picture_side,
        memory_limit=int(config.memory_limit * 2**30),
        on_bad_image=config.on_bad_image,
    )


def _load_encoder(path, channels):
    try:
        encoder = keras.models.load_model(path, compile=False, safe_mode=True)
        encoder.get_layer(FEATURES)
        if encoder.input_shape != (None, SIDE, SIDE, channels):
            raise ValueError(f"it takes images {encoder.input_shape}")
    except Exception as error:
        # A damaged file fails as zip, JSON, HDF5 or Keras sees it.
        reason = str(error).strip().partition("\n")[0][:200]
        raise UsageError(
            f"`run` must hold trained encoders. Received: {path} ({reason})"
        ) from None
    return encoder
