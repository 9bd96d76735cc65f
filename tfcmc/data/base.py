"""The table of data sources, and what a source provides."""

import dataclasses

import numpy as np

from tfcmc.foundation.registry import Registry

SOURCES = Registry("data")

UNLABELLED = ("unlabeled", "unlabelled")  # names of the part to learn from
MOST_CLASSES = 100_000
DEFAULT_SIDE = 96  # in pixels, where the pictures are not all of one size


@dataclasses.dataclass(frozen=True)
class Reading:
    """How the user wants pictures read.

    Attributes:
        data_dir: Folder of prepared datasets, or None.
        side: Side in pixels at which pictures are kept, or None for the
            source's own.
        memory_limit: Bytes that decoded pictures may take in memory; more is
            streamed.
        on_bad_image: "stop" or "skip".
    """

    data_dir: str | None = None
    side: int | None = None
    memory_limit: int = 4 * 2**30
    on_bad_image: str = "stop"


@dataclasses.dataclass(frozen=True)
class Split:
    """A part of the pictures, with labels where there are any.

    Attributes:
        pictures: Pictures, as in `tfcmc.data.pictures`.
        labels: `[count]`, int64, from 0; or None.
    """

    pictures: object
    labels: np.ndarray | None


@dataclasses.dataclass(frozen=True)
class Source:
    """A dataset by the roles of its parts.

    Attributes:
        pretrain: Pictures to learn from; no labels.
        probe_train: The `Split` that probes are fitted on, or None.
        test: The `Split` that is only ever judged on, or None.
        class_names: One name a label.
        unseen: Whether the pictures of `probe_train` are not among those of
            `pretrain`.
        notes: What the user should know about the data, one line each.
    """

    pretrain: object
    probe_train: Split | None
    test: Split | None
    class_names: tuple
    unseen: bool
    notes: tuple = ()

    @property
    def labelled(self):
        """Whether probes can be fitted on one part and judged on another."""
        return self.probe_train is not None and self.test is not None
