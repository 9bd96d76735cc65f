"""The ground: registry, errors, files whole or absent, threads, signals."""
