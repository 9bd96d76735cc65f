"""Metrics and callbacks for any fit of any Keras model."""
