"""Speed and memory, measured beside the alternative that a user has."""
