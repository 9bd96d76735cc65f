"""Random numbers, a pure function of seed, epoch and what they decide."""

import numpy as np

ORDER, PLACES = 0, 1  # which of an epoch's two streams of random numbers
DISTORTIONS, LIGHT_AND_COLOUR = 2, 3  # what `uniforms` of a seed are for

# Philox4x32-10.
ROUNDS = 10
WORDS = 4  # of 32 bits, in a block
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
WEYL = 0x9E3779B9, 0xBB67AE85  # what each round adds to the key


def generator(seed: int, epoch: int, stream: int) -> np.random.Generator:
    """Returns the random generator of one stream of one epoch.

    Philox is counter-based: a key gives its stream without any before it.
    """
    key = np.array([seed, epoch * 2 + stream], np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def philox(counter: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Enciphers counters with Philox4x32-10.

    Args:
        counter: `[..., 4]`, uint32.
        key: Two words, each from 0 and below 2^32.

    Returns:
        `[..., 4]`, uint32: random words.

    Reference: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2,
    3"; its library Random123 gives the known answers in the tests.
    """
    first, second, third, fourth = np.moveaxis(
        counter.astype(np.uint64), -1, 0
    )
    low = np.uint64(0xFFFFFFFF)
    half = np.uint64(32)
    for number in range(ROUNDS):
        left, right = (
            np.uint64((word + number * step) & 0xFFFFFFFF)
            for word, step in zip(key, WEYL, strict=True)
        )
        one = first * np.uint64(MULTIPLIERS[0])
        two = third * np.uint64(MULTIPLIERS[1])
        first, third = (
            (two >> half) ^ second ^ left,
            (one >> half) ^ fourth ^ right,
        )
        second, fourth = two & low, one & low
    return np.stack([first, second, third, fourth], -1).astype(np.uint32)


def uniforms(
    seed: int,
    tag: int,
    epoch: int,
    examples: np.ndarray,
    views: int,
    count: int,
) -> np.ndarray:
    """Draws the uniform numbers of examples' views.

    Args:
        seed: Whole number, from 0 and below 2^32.
        tag: What the numbers are for: each use of one seed has its own.
        epoch: Whole number, from 0 and below 2^32.
        examples: `[batch]`, whole numbers, from 0 and below 2^32.
        views: How many each example has.
        count: Numbers a view. A larger one begins with the same numbers.

    Returns:
        `[batch, views, count]`, float32, in [0, 1): multiples of 2^-24.
    """
    blocks = -(-count // WORDS)
    counter = np.empty((len(examples), views, blocks, 4), np.uint32)
    counter[..., 0] = np.arange(blocks)
    counter[..., 1] = np.arange(views)[:, None]
    counter[..., 2] = np.asarray(examples)[:, None, None]
    counter[..., 3] = epoch
    words = philox(counter, (seed, tag)).reshape(len(examples), views, -1)
    # A float32 holds 24 bits: with more of them 1 itself could come out.
    whole = (words[..., :count] >> np.uint32(8)).astype(np.float32)
    return whole * np.float32(2**-24)
