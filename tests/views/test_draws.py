"""Random numbers as a function of what they are for."""

import numpy as np
import pytest
from scipy import stats

from tfcmc.foundation import draws
from tfcmc.foundation.draws import philox, uniforms
from tfcmc.views.augment import DRAWS


# Random123 1.14, tests/kat_vectors: philox4x32 with 10 rounds.
@pytest.mark.parametrize(
    "counter, key, answer",
    [
        (
            (0, 0, 0, 0),
            (0, 0),
            (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
        ),
        (
            (0xFFFFFFFF,) * 4,
            (0xFFFFFFFF,) * 2,
            (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
        ),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_the_cipher_gives_the_known_answers(counter, key, answer):
    """Alone, and among other counters."""
    counters = np.array([[1, 2, 3, 4], counter], np.uint32)
    np.testing.assert_array_equal(philox(counters, key)[1], answer)


def test_a_view_s_numbers_are_its_block_s_words():
    """The counter is (block, view, example, epoch), the key (seed, tag)."""
    found = uniforms(7, 3, 5, np.array([11, 13]), 2, 6)
    assert found.dtype == np.float32
    assert found.shape == (2, 2, 6)
    for example, row in zip((11, 13), found, strict=True):
        for view in range(2):
            counters = [[block, view, example, 5] for block in range(2)]
            words = philox(np.array(counters, np.uint32), (7, 3)).ravel()
            np.testing.assert_array_equal(row[view], (words >> 8)[:6] / 2**24)


def test_an_example_s_numbers_are_its_own():
    """Whatever else is in the batch, and in what order."""
    examples = np.random.default_rng(0).permutation(50_000)[:40]
    together = uniforms(1, 2, 3, examples, 2, DRAWS)
    apart = np.concatenate(
        [uniforms(1, 2, 3, examples[[i]], 2, DRAWS) for i in range(40)]
    )
    np.testing.assert_array_equal(together, apart)
    fewer = uniforms(1, 2, 3, examples, 1, 5)
    np.testing.assert_array_equal(together[:, :1, :5], fewer)


def test_nothing_shares_its_numbers():
    """Each of seed, tag, epoch, example and view changes all of them."""
    settings = [
        (seed, tag, epoch)
        for seed in (0, 1)
        for tag in (0, 1)
        for epoch in (0, 1)
    ]
    found = [
        uniforms(*each, np.arange(3), 3, DRAWS).reshape(-1, DRAWS)
        for each in settings
    ]
    blocks = np.concatenate(found).reshape(-1, 4)
    assert len(np.unique(blocks, axis=0)) == len(settings) * 3 * 3 * DRAWS // 4


def test_the_numbers_are_even():
    """Over 10,000 examples: each place, and neighbours against each other."""
    found = uniforms(0, 1, 0, np.arange(10_000), 2, DRAWS).reshape(-1, DRAWS)
    places = [stats.kstest(column, "uniform").pvalue for column in found.T]
    # The least of 36 of which each is even in [0, 1].
    assert min(places) > 1e-3 / DRAWS
    correlations = np.corrcoef(found.T) - np.eye(DRAWS)
    assert np.abs(correlations).max() < 5 / np.sqrt(len(found))
    following = np.corrcoef(found[:-2, 0], found[2:, 0])[0, 1]
    assert abs(following) < 4 / np.sqrt(len(found))


def test_the_largest_word_stays_below_one(monkeypatch):
    """A probability of 1 has to be certain."""
    monkeypatch.setattr(
        draws, "philox", lambda counter, key: counter | np.uint32(0xFFFFFFFF)
    )
    assert uniforms(0, 0, 0, np.arange(1), 1, 4).max() == 1 - 2**-24
