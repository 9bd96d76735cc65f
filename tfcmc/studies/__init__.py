"""A design of runs: which axis changes what, and how sure that is."""
