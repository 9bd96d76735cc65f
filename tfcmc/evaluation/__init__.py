"""Frozen features judged: arrays in, numbers out; draws and writes nothing."""
