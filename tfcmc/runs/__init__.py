"""A run folder: its files, its records with their schema, its identity."""
