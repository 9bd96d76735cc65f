"""What a few-label curve says, in a table and in words."""

import dataclasses
import math
import textwrap

import numpy as np

from tfcmc.evaluation.few_labels import labels_needed
from tfcmc.evaluation.intervals import difference_interval
from tfcmc.foundation.text import counted, distinct
from tfcmc.report.summary import WIDTH, clock, count_epochs, percent, row_text

# What is measured on each sample, in this order.
TITLES = {
    "untrained": "probe, untrained",
    "probe": "probe, trained",
    "finetuned": "fine-tuned",
    "scratch": "from scratch",
}
KINDS = tuple(TITLES)


@dataclasses.dataclass(frozen=True)
class Curve:
    """What encoders are worth in labels."""

    loss: str  # what they were trained with, as a spec
    data: str  # the pictures, as a spec
    epochs: int  # how long they were trained
    judged_on: str  # what part
    pictures: int  # how many that has
    labels: int  # how many there are to fit on
    steps: int  # of each training on labels
    batch_size: int  # pictures a step
    # Number of labels to kind to accuracies in [0, 1], one a sample; numbers
    # of labels rise.
    points: dict

    def mean(self, labels: int, kind: str) -> float:
        """Returns the mean accuracy over samples."""
        return float(np.mean(self.points[labels][kind]))

    def deviation(self, labels: int, kind: str) -> float:
        """Returns the standard deviation over samples; 0 of one."""
        values = self.points[labels][kind]
        return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0

    def needed(self, labels: int, kind: str) -> float:
        """Returns how many labels training from scratch takes to match it."""
        counts = list(self.points)
        scratch = [self.mean(count, "scratch") for count in counts]
        return labels_needed(counts, scratch, self.mean(labels, kind))

    def record(self) -> dict:
        """Returns all of it, and what it comes to."""
        return dataclasses.asdict(self) | {"conclusion": self.conclusion()}

    def conclusion(self) -> str:
        """Returns the sentences that people come for, and what they are not.

        They are of the fewest labels and of the most; nothing is chosen by
        the accuracies.
        """
        few, many = min(self.points), max(self.points)
        told = [
            f"{self.loss}, {count_epochs(self.epochs)}: {self._over(many)}."
        ]
        told += [
            f"With {count:,} labels the probe reads "
            f"{percent(self.mean(count, 'probe'))} % and fine-tuning "
            f"{percent(self.mean(count, 'finetuned'))} %: trained from "
            f"scratch, the same encoders need {self._words(count, 'probe')} "
            f"labels to match the probe, and "
            f"{self._words(count, 'finetuned')} to match fine-tuning."
            for count in dict.fromkeys((few, many))
        ]
        steps = counted(self.steps, "step", "steps")
        passes = max(1, round(self.steps * self.batch_size / many))
        samples = len(self.points[few]["probe"])
        told.append(
            f"That is of {steps}, {counted(passes, 'pass', 'passes')} over "
            f"{many:,} labels, and of "
            f"{counted(samples, 'sample', 'samples')}, read between the "
            f"numbers of labels measured along the logarithm; another "
            f"encoder, a longer training or other distortions may need "
            f"fewer."
        )
        return " ".join(told)

    def _over(self, count):
        """Says how far a probe reads more off trained than off untrained."""
        trained, plain = (
            self.mean(count, kind) for kind in ("probe", "untrained")
        )
        low, high = difference_interval(trained, plain, self.pictures)
        gap = trained - plain
        word = "above" if gap >= 0 else "below"
        noise = ", within the noise" if low <= 0 <= high else ""
        return (
            f"with {count:,} labels a linear probe of its frozen features "
            f"reads {percent(trained)} %, {distinct(100 * abs(gap))} points "
            f"{word} untrained encoders ({distinct(100 * low)} to "
            f"{distinct(100 * high)} over the "
            f"choice of test pictures{noise})"
        )

    def _words(self, count, kind):
        found = self.needed(count, kind)
        if math.isinf(found):
            most = max(self.points)
            of_all = "all " if most == self.labels else ""
            return f"more than {of_all}{most:,}"
        if found <= min(self.points):
            return f"at most {min(self.points):,}"
        return f"about {float(f'{found:.2g}'):,.0f}"


def curve_text(curve: Curve) -> str:
    """Lays out a curve: a row a number of labels, and the conclusion."""
    kinds = [TITLES[kind] for kind in KINDS]
    several = any(
        curve.deviation(n, kind) for n in curve.points for kind in KINDS
    )
    lines = [
        "",
        f"{curve.loss} on {curve.data}, {count_epochs(curve.epochs)}",
        "",
        row_text(f"{curve.judged_on} accuracy, %", kinds, 18, 18),
    ]
    for labels in curve.points:
        means = [percent(curve.mean(labels, kind)) for kind in KINDS]
        lines.append(row_text(f"{labels:,} labels", means, 18, 18))
        if several:
            off = [percent(curve.deviation(labels, kind)) for kind in KINDS]
            lines.append(row_text("  +-", off, 18, 18))
    if several:
        lines.append("+-: standard deviation over samples of the labels")
    return "\n".join(
        [*lines, "", *textwrap.wrap(curve.conclusion(), WIDTH), ""]
    )


def clock_line(labels, sample, kind, found: dict, seconds) -> str:
    """Says what one result is, and how long the others take.

    Args:
        labels: How many.
        sample: Number of the sample, from 0.
        kind: Of `KINDS`.
        found: `accuracy` and what was `chosen`.
        seconds: Those left; None where nothing is known of them.
    """
    line = f"  {labels:>7,} labels, sample {sample + 1}  {TITLES[kind]:<17}"
    line += f"{percent(found['accuracy']):>6} %  ({found['chosen']:g})"
    return line if seconds is None else f"{line}  {clock(seconds)} left"
