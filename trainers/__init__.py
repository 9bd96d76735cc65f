"""The commands: `python -m trainers.NAME --help` tells each one's use."""
