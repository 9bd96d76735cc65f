"""What tuning did to losses, as a figure."""

import numpy as np
import pytest

from tfcmc.report import figures


def gains_of(rng, seeds):
    """Three losses, the last with its defaults for its best."""
    found = [
        figures.Gain(
            f"loss_{n}(a=1)",
            f"loss_{n}(a=2), tuned",
            tuple(rng.uniform(0.3, 0.6, seeds)),
            tuple(rng.uniform(0.3, 0.6, seeds)),
        )
        for n in range(2)
    ]
    same = tuple(rng.uniform(0.3, 0.6, seeds))
    return [*found, figures.Gain("$x_{1", "$x_{1", same, same)]


@pytest.mark.parametrize("seeds", [1, 3])
def test_figure(rng, seeds, picture, tmp_path):
    """Drawn with and without a spread; a gain changes it, the order not."""
    gains = gains_of(rng, seeds)

    def drawn(gains):
        path = tmp_path / "a.png"
        figures.tuned_and_default(gains, path, measured="accuracy")
        return picture(path)

    first = drawn(gains)
    np.testing.assert_array_equal(first, drawn(gains[::-1]))
    other = [figures.Gain("a", "b", (0.4,) * seeds, (0.5,) * seeds)]
    second = drawn([*gains[:2], *other])
    assert first.shape != second.shape or (first != second).any()
