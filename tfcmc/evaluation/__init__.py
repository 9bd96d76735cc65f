"""Judging frozen features: arrays in, numbers out."""
