"""Losses or methods on equal terms: all seeds, table, figures, report."""
