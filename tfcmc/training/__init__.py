"""Fitting a model: checkpoints, callbacks, progress, exact resume.

Imports everything below evaluation, and evaluation; no config, no spec.
"""
