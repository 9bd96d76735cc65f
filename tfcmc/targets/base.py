"""The table of targets.

A member is a function of the embeddings of all views, a list of
`[batch, dim]`, to the vectors that anchors are compared with, likewise.
"""

from tfcmc.foundation.registry import Registry

TARGETS = Registry("target")
