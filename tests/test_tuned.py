"""What tuning did to losses, as a figure."""

import numpy as np
import pytest

from tfcmc.report import figures
from tfcmc.report.figures import tuned


@pytest.mark.parametrize("seeds", [1, 3])
def test_figure(rng, seeds, drawn):
    """Means, spreads and seeds of each loss, the best tuned one on top."""
    before, after = rng.uniform(0.3, 0.6, (2, 3, seeds))
    after[2] = before[2]  # its defaults were the best
    names = ["a(x=2), tuned", "b(x=2), tuned", "$x_{1"]
    gains = [
        figures.Gain(default, name, tuple(one), tuple(other))
        for default, name, one, other in zip(
            ("a(x=1)", "b(x=1)", "$x_{1"), names, before, after, strict=True
        )
    ]
    figure = drawn(figures.tuned_and_default, gains, measured="accuracy")
    (axes,) = figure.axes
    order = np.argsort(after.mean(axis=1))
    shown = [text.get_text() for text in axes.get_yticklabels()]
    for row, place in enumerate(order):
        assert names[place].strip("$") in shown[row].replace("\\", "")
    want = {}
    for row, place in enumerate(order):
        if place == 2:
            want[row] = before[2]
        else:
            want[row - tuned.APART] = before[place]
            want[row + tuned.APART] = after[place]
    # Bars are collections too, without marks.
    spots = [
        each.get_offsets()
        for each in axes.collections
        if each.get_offset_transform() == axes.transData
    ]
    assert len(axes.containers) == len(want) == 5
    for line, _, bars in axes.containers:
        (mean,), (height,) = line.get_data()
        values = want[min(want, key=lambda row: abs(row - height))]
        assert mean == pytest.approx(values.mean())
        if seeds == 1:
            continue
        (ends,) = bars[0].get_segments()
        wide = values.std(ddof=1) * np.array([-1, 1])
        np.testing.assert_allclose(ends[:, 0], values.mean() + wide)
        (seen,) = (s[:, 0] for s in spots if np.isclose(s[0, 1], height))
        np.testing.assert_allclose(seen, values)
    assert len(axes.texts) == 2  # an arrow each, of those that were tuned
    assert axes.get_xlabel() == "accuracy"


def test_long_names_leave_room(rng, drawn):
    """They are whole, on lines of their own, and no two lie on each other."""
    names = [
        ", ".join(
            f"{option}={value:.4g}"
            for option, value in zip(
                ("learning_rate", "batch_size", "warmup", "beta_1", "beta_2"),
                rng.uniform(size=5),
                strict=True,
            )
        )
        for _ in range(3)
    ]
    gains = [
        figures.Gain(f"loss(x={place})", name, (0.3, 0.4), (0.5 + place, 0.6))
        for place, name in enumerate(names)
    ]
    figure = drawn(figures.tuned_and_default, gains, measured="accuracy")
    (axes,) = figure.axes
    figure.canvas.draw()
    labels = axes.get_yticklabels()
    for place, label in enumerate(labels):
        told = f"{names[place]} loss(x={place})"
        assert " ".join(label.get_text().split()) == told
    boxes = [label.get_window_extent() for label in labels]
    assert min(box.x0 for box in boxes) >= 0
    for below, above in zip(boxes, boxes[1:], strict=False):
        assert below.y1 < above.y0
    assert axes.get_position().width > 0.5
