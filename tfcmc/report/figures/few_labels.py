"""Accuracy over the number of labels."""

import dataclasses

from tfcmc.report.few_labels import TITLES
from tfcmc.report.figures.looks import in_percent, legend_below, looks
from tfcmc.report.figures.style import GRID, new_figure, saved, wrapped

WIDTH = 7.6
PLAIN = ("untrained", "scratch")  # without the run's weights
WORDS = {
    "probe": "linear probe of the frozen features",
    "untrained": "linear probe of untrained encoders",
    "finetuned": "fine-tuned from the pretrained weights",
    "scratch": "the same encoders trained from scratch",
}


@saved
def label_curve(curve):
    """Draws accuracies over the number of labels, a line a kind.

    A mark is a mean over samples of the labels, its line a standard deviation
    to each side.

    Args:
        curve: A `Curve`, of one number of labels at least.
    """
    drawn, axes = new_figure(WIDTH, 4.8)
    look = {
        kind: dataclasses.replace(each, linestyle="--")
        if kind in PLAIN
        else each
        for kind, each in looks(TITLES).items()
    }
    counts = list(curve.points)
    for kind in TITLES:
        axes.errorbar(
            counts,
            [curve.mean(count, kind) for count in counts],
            yerr=[curve.deviation(count, kind) for count in counts],
            **dataclasses.asdict(look[kind]),
            markersize=7,
            markeredgecolor="black",
            markeredgewidth=0.6,
            capsize=3,
        )
    axes.set_xscale("log")
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    axes.minorticks_off()
    axes.set_xlabel("labels to fit on, logarithmic")
    axes.set_ylabel(f"{curve.judged_on} accuracy")
    in_percent(axes.yaxis)
    axes.grid(**GRID)
    title = f"{curve.loss}\n{curve.data}"
    axes.set_title(wrapped(title, WIDTH), fontsize=10)
    samples = len(curve.points[counts[0]]["probe"])
    spread = f"mean ± standard deviation over {samples} samples of the labels"
    legend_below(
        drawn,
        [(look[kind], WORDS[kind]) for kind in TITLES],
        spread if samples > 1 else None,
    )
    return drawn
