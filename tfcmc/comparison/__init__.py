"""Losses on equal terms: every loss with every seed, table, figures, report.

Imports `experiment` and below.
"""
