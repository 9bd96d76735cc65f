"""The table of targets.

A member is a class. Called with the embeddings, view to `[batch, dim]`, it
gives the vectors that anchors are compared with, likewise. `init` says how a
twin of the branches starts that makes the embeddings: "copy", "fresh", or
None where the branches make them themselves.
"""

from tfcmc.foundation.registry import Registry

TARGETS = Registry("target")
