"""The ground: registry, errors, whole-or-absent files, lazy modules, threads.

Imports nothing of tfcmc.
"""
