"""The table of sources of negatives."""

from tfcmc.registry import Registry

NEGATIVES = Registry("source of negatives")
