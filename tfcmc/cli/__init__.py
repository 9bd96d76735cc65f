"""The command line: options, screens, child processes, machines.

Imports `comparison` and below.
"""
