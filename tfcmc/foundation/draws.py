"""Random numbers, a pure function of seed, epoch and what they decide."""

import numpy as np

ORDER, PLACES = 0, 1  # which of an epoch's two streams of random numbers


def generator(seed: int, epoch: int, stream: int) -> np.random.Generator:
    """Returns the random generator of one stream of one epoch.

    Philox is counter-based: a key gives its stream without any before it.
    """
    key = np.array([seed, epoch * 2 + stream], np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
