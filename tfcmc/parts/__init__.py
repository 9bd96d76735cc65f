"""Metrics and callbacks for any fit of any Keras model.

Imports `training` and what is below it.
"""
