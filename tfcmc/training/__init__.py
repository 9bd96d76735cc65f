"""Fitting a model: checkpoints, callbacks, progress, exact resume."""
