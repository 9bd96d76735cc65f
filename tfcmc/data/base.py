"""The table of data sources, and what a source provides."""

import dataclasses

import numpy as np

from tfcmc.data.room import LEAST, Room
from tfcmc.foundation.registry import Registry

SOURCES = Registry("data")

UNLABELLED = ("unlabeled", "unlabelled")  # names of the part to learn from
MOST_CLASSES = 100_000
DEFAULT_SIDE = 96  # in pixels, where the pictures are not all of one size


@dataclasses.dataclass(frozen=True)
class Reading:
    """How the user wants pictures read."""

    data_dir: str | None = None  # folder of prepared datasets
    side: int | None = None  # in pixels; None for the source's own
    memory_limit: int = 4 * 2**30  # bytes of pictures; more is streamed
    on_bad_image: str = "stop"  # or "skip"
    whole: bool = False  # whether those to learn from stay image files
    learns: bool = False  # whether they are learnt from, now
    packer: object = None  # takes what would be kept, as `pack` has it

    def room(self, count, side) -> Room:
        """Returns the memory for so many pictures, those of all parts.

        All are kept there or none, so that the parts keep to the limit
        together, and decoding has what they leave.
        """
        kept = count * side * side * 3
        if kept > self.memory_limit:
            kept = 0
        return Room(max(self.memory_limit - kept, LEAST), kept)


@dataclasses.dataclass(frozen=True)
class Split:
    """A part of the pictures, with labels where there are any."""

    pictures: object  # as in `tfcmc.data.pictures`
    labels: np.ndarray | None  # [count], int64, from 0


@dataclasses.dataclass(frozen=True)
class Source:
    """A dataset by the roles of its parts."""

    pretrain: object  # pictures to learn from; no labels
    probe_train: Split | None  # what probes are fitted on
    test: Split | None  # what is only ever judged on
    class_names: tuple  # one a label
    unseen: bool  # whether probe_train's pictures are not in pretrain
    notes: tuple = ()  # what the user should know, one line each
    described: dict | None = None  # as `describe_data`, where it is known

    @property
    def labelled(self):
        """Whether probes can be fitted on one part and judged on another."""
        return self.probe_train is not None and self.test is not None

    def parts(self):
        """Returns `(name, pictures, labels)` of each part.

        What is learnt from is none of its own where it is the train part.
        """
        parts = [
            (name, split.pictures, split.labels)
            for name, split in (
                ("train", self.probe_train),
                ("test", self.test),
            )
            if split is not None
        ]
        # Where nothing is unlabelled, the train part is what is learnt from.
        if all(pictures is not self.pretrain for _, pictures, _ in parts):
            parts.insert(0, ("pretrain", self.pretrain, None))
        return parts


def make_source(pictures, labels, class_names, notes=()) -> Source:
    """Gives the parts of a dataset their roles.

    Args:
        pictures: "pretrain", "train" and "test", those that there are, to
            pictures. Without pretrain, train is learnt from.
        labels: "train" and "test", those that have any, to `[count]`.
        class_names: One name a label.
        notes: What the user should know, one line each.
    """
    splits = {part: Split(pictures[part], y) for part, y in labels.items()}
    apart = "pretrain" in pictures
    return Source(
        pretrain=pictures["pretrain" if apart else "train"],
        probe_train=splits.get("train"),
        test=splits.get("test"),
        class_names=tuple(class_names),
        unseen=apart and "train" in splits,
        notes=tuple(notes),
    )
