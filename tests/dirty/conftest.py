"""Whole folders, of which each case damages a copy."""

import shutil

import numpy as np
import pytest

from tests.dirty.case import noise


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, prepare_dataset):
    """A folder with a tiny dataset as TensorFlow Datasets prepares it."""
    folder = tmp_path_factory.mktemp("prepared")
    splits = {
        "train": (noise(1, 6, 16, 16, 3), np.arange(6) % 3),
        "test": (noise(2, 3, 16, 16, 3), np.arange(3)),
    }
    prepare_dataset(folder, "tiny", splits, ("ant", "bee", "cow"))
    return folder


@pytest.fixture(scope="session")
def runs(trained, tmp_path_factory):
    """A folder with one finished run, as a comparison has it."""
    folder = tmp_path_factory.mktemp("compared")
    unused = shutil.ignore_patterns("checkpoints", "tensorboard")
    shutil.copytree(trained[0], folder / "softmax-0", ignore=unused)
    return folder
