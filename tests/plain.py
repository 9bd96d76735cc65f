"""What takes long and is left out where nothing asserted depends on it."""

import importlib

from tfcmc.foundation.lazy import keras


def leave_out_distortions(patch):
    """Cuts a corner out of pictures, darker by a draw, and does no more.

    Distortions take seconds to compile.
    """

    def darkened(pictures, draws, row, side):
        corner = keras.ops.cast(pictures[:, :side, :side], "float32") / 255.0
        return corner * draws[:, 0, None, None, None]

    def finished(crops, draws, row):
        return darkened(crops, draws, row, crops.shape[1])

    module = importlib.import_module("tfcmc.views.rgb")
    patch.setattr(module, "distort", darkened)
    patch.setattr(module, "finish", finished)


def leave_out_graphs(patch):
    """Lets commands train eagerly: tracing takes longer than a few steps."""
    module = importlib.import_module("tfcmc.experiment.train")
    make = module.compiled

    def compiled(*given):
        model = make(*given)
        model.run_eagerly = True
        return model

    patch.setattr(module, "compiled", compiled)


def leave_out_padding(patch):
    """Reads pictures by 32, to which a few are filled up, and not by 256."""
    patch.setattr("tfcmc.evaluation.features.BATCH", 32)


def leave_out_fits(patch):
    """Leaves probes a few penalties and epochs to choose among."""
    for name, few in (
        ("linear.INVERSE_STRENGTHS", (1e-3, 1e-1)),
        ("mlp_head.INVERSE_STRENGTHS", (0.1,)),
        ("mlp_head.EPOCHS", 2),
        ("plain_head.EPOCHS", 4),
    ):
        patch.setattr(f"tfcmc.evaluation.probes.{name}", few)


def leave_out_what_is_not_asserted(patch):
    """Trains without graphs, reads few pictures at once, and fits little."""
    leave_out_graphs(patch)
    leave_out_fits(patch)
    leave_out_padding(patch)
