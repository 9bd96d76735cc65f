"""The table of encoders, and what every encoder provides."""

from tfcmc.foundation.registry import Registry

ENCODERS = Registry("encoder")

# The layer that every encoder names so. The probe reads its output; the loss
# reads the model's own output, which a projection may come before.
FEATURES = "features"
