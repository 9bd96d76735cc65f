"""A run as a scikit-learn transformer: images in, frozen features out.

Nothing imports this module but `tfcmc.load`, at its first use: the class
below stands on scikit-learn's, which is therefore loaded with it.
"""

import functools
import os
import pathlib

import numpy as np

from tfcmc.data.images import resize
from tfcmc.encoders import FEATURES
from tfcmc.evaluation.features import BATCH
from tfcmc.experiment.architecture import open_trained
from tfcmc.experiment.evaluate import hashes_of
from tfcmc.experiment.recipe import stored_plan
from tfcmc.foundation.errors import UsageError, check_choice
from tfcmc.foundation.lazy import LazyModule, settled
from tfcmc.foundation.paths import expanded
from tfcmc.runs.record import picture_side

base = LazyModule("sklearn.base")


def load(run) -> "FrozenFeatures":
    """Loads the trained encoders of a run as a scikit-learn transformer.

    Example:

        features = tfcmc.load("runs/mine").transform(images)
        model = make_pipeline(
            tfcmc.load("runs/mine"), StandardScaler(), LogisticRegression()
        )

    Raises:
        UsageError: if the folder `run` holds no run, or its encoders are
            missing or damaged.
    """
    if isinstance(run, os.PathLike):
        run = os.fspath(run)  # what a `Run` holds besides is not copied
    transformer = FrozenFeatures(run)
    transformer.open()
    return transformer


class FrozenFeatures(base.TransformerMixin, base.BaseEstimator):
    """Turns images into the features of a run's frozen encoders.

    There is nothing to fit but which encoders these are. A clone, or a copy in
    another process, reads them from the run folder again.

    Args:
        run: Path of the run folder.
        view: "both", for the features of all branches side by side, or the
            name of one branch.

    Attributes:
        encoders_: What the encoders that it was fitted with are known by:
            what is fitted to their features knows those of no others.
    """

    def __init__(self, run, view="both"):
        self.run = run
        self.view = view

    def fit(self, X=None, y=None):
        """Notes which encoders these are: they are trained already."""
        self.encoders_ = self.open().hashes
        return self

    def transform(self, X):
        """Encodes images, each as its middle square.

        Args:
            X: `[count, height, width, 3]`, uint8, of any size.

        Returns:
            `[count, features]`, float32.

        Raises:
            UsageError: if they are no such images, or the run was trained on
                since this was fitted.
        """
        images = np.asarray(X)
        if (
            images.dtype != np.uint8
            or images.shape[3:] != (3,)
            or 0 in images.shape[1:]
        ):
            raise UsageError(
                "`X` must be images [count, height, width, 3] of uint8, from "
                f"0 to 255. Received: {list(images.shape)} of {images.dtype}"
            )
        opened = self.open()
        if getattr(self, "encoders_", opened.hashes) != opened.hashes:
            raise UsageError(
                f"`run` must hold the encoders that this was fitted with, or "
                f"fit again. Received: {str(self.run)!r}, whose are others"
            )
        out = np.empty([len(images), opened.width(self.view)], np.float32)
        for start in range(0, len(images), BATCH):
            batch = resize(images[start : start + BATCH], opened.side)
            out[start : start + BATCH] = opened.features(batch, self.view)
        return out

    def get_feature_names_out(self, input_features=None):
        """Returns one name a feature: `view` and a number."""
        width = self.open().width(self.view)
        return np.array([f"{self.view}_{n}" for n in range(width)], object)

    def open(self) -> "Opened":
        """Reads the encoders; once for all objects of the same run."""
        folder = pathlib.Path(expanded("run", self.run)).absolute()
        files = sorted(folder.glob("encoders/*.keras"))
        # A run trained on, or trained again, is another one.
        stamp = tuple(file.stat().st_mtime_ns for file in files)
        opened = _opened(folder, stamp)
        check_choice("view", self.view, ("both", *opened.names))
        return opened

    def __getstate__(self):
        """What joblib knows it by in a cache: its encoders, too."""
        try:
            hashes = self.open().hashes
        except UsageError:  # it may be copied to where they are
            hashes = None
        return super().__getstate__() | {"_hashes": hashes}

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        return tags


class Opened:
    """The encoders of the run in a folder, ready to read images.

    Attributes:
        branches: Branch name to model.
        names: The name of each branch.
        hashes: Branch name to the hash of its weights.
        side: Side in pixels at which images are read, as in training.
    """

    @settled()
    def __init__(self, folder):
        plan, run = stored_plan(folder, check_data=False)
        self.side = picture_side(run)
        architecture, self.branches = open_trained(plan, run)
        self.names = tuple(self.branches)
        self.hashes = hashes_of(self.branches)
        self._reader = architecture.reader(self.branches)

    def features(self, pictures, view):
        """Returns `[count, features]` of a branch, or of all side by side."""
        encoded = self._reader.whole(pictures)
        if view == "both":
            return encoded.joined()
        return encoded.features[self.names.index(view)]

    def width(self, view):
        """Returns how many features a branch has, or all together."""
        return sum(
            branch.get_layer(FEATURES).output.shape[-1]
            for name, branch in self.branches.items()
            if view in ("both", name)
        )


@functools.lru_cache(maxsize=4)
def _opened(folder, stamp):
    del stamp  # part of the key only
    return Opened(folder)
