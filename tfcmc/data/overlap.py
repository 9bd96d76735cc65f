"""Test pictures that stand in the other parts of the data too."""

import collections
import hashlib

import numpy as np

DIGEST = 8  # bytes: two of a million pictures agree by chance once in 10^7
UNREAD = 0  # the digest of a file that cannot be read


class Overlap:
    """Counts test pictures that are in other parts, pixel for pixel.

    Parts are taken in a batch at a time, so that whoever reads the pictures
    for something else need not read them again.
    """

    def __init__(self):
        self._digests = collections.defaultdict(bytearray)

    def add(self, part, pictures):
        """Takes in pictures of "pretrain", "train" or "test"."""
        for picture in np.ascontiguousarray(pictures):
            digest = hashlib.sha256(picture).digest()
            self._digests[part] += digest[:DIGEST]

    def add_digests(self, part, digests):
        """Takes in pictures by what would be kept of them, in one string."""
        self._digests[part] += digests

    def notes(self):
        """Returns what the user should know of it, one line each.

        A part train that was not added is that which is learnt from.
        """
        learnt, test = self._part("pretrain"), self._part("test")
        apart = "train" in self._digests
        known = test != UNREAD
        in_train = np.isin(test, self._part("train") if apart else learnt)
        in_learnt = np.isin(test, learnt if apart else ()) & ~in_train
        told = (
            (in_train, "stands", "stand", "in train too, pixel for pixel"),
            (in_learnt, "is", "are",
             "learnt from too, pixel for pixel, without labels"),
        )  # fmt: skip
        return [
            f"{count:,} of {len(test):,} test pictures "
            f"{one if count == 1 else more} {where}"
            for found, one, more, where in told
            if (count := int((found & known).sum()))
        ]

    def _part(self, part):
        return np.frombuffer(self._digests[part], np.uint64)
