"""Searches for a loss's own options, and what they teach."""
