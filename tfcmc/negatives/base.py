"""The table of sources of negatives."""

from tfcmc.foundation.registry import Registry

NEGATIVES = Registry("source of negatives")
