"""The commands: `tfcmc NAME --help` tells each one's use."""
