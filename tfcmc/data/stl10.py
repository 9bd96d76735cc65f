"""STL-10, from TensorFlow Datasets or from its authors' files."""

import contextlib
import dataclasses
import logging
import os
import pathlib
import sys
import urllib.request

from tfcmc.data.base import SOURCES, Split, make_source
from tfcmc.data.pictures import Joined, Subset
from tfcmc.data.stl10_files import (
    ARCHIVE,
    FOLDER,
    FOLDS,
    fold_numbers,
    from_archive,
    from_folder,
    has_files,
)
from tfcmc.data.tfds import prepared, tfds
from tfcmc.data.tfds_folders import folder_of, versions
from tfcmc.foundation.errors import UsageError, reason_of
from tfcmc.foundation.paths import expanded
from tfcmc.foundation.registry import Choice, Number

# Where TensorFlow Datasets fetches it from.
URL = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
SITE = "cs.stanford.edu/~acoates/stl10"
PATIENCE = 15  # seconds until the site has to answer


def check(argument, data_dir):
    """Raises a `UsageError` if the data folder given does not exist."""
    if data_dir is None or os.path.isdir(expanded("data-dir", data_dir)):
        return
    raise UsageError(
        "`data-dir` must be a folder. "
        f"Received: {str(data_dir)!r}, which is not one"
    )


@SOURCES.register(
    "stl10",
    fold=Number(at_least=0, at_most=9, whole=True, optional=True),
    pretrain=Choice(("unlabeled", "both")),
    extra={"epochs": 100, "check": check},
)
def stl10(reading, argument, *, fold=None, pretrain="unlabeled"):
    """STL-10: 100,000 pictures without labels, 5,000 and 8,000 with.

    Read from the folder stl10_binary, from stl10_binary.tar.gz as it was
    downloaded, or as TensorFlow Datasets prepared it, whichever is found
    first; with none of them it is downloaded.

    Args:
        reading: Its `data_dir` holds one of the three.
        argument: None.
        fold: Which of the ten published folds of 1,000 train pictures probes
            are fitted on, or None for all 5,000.
        pretrain: "unlabeled", or "both": the train pictures too.

    Raises:
        UsageError: if it is not there and cannot be downloaded, or its files
            are not as published.

    Reference: Coates et al. 2011, "An analysis of single-layer networks in
    unsupervised feature learning".
    """
    check(argument, reading.data_dir)
    source, files = _read(reading, fold)
    probe_train = source.probe_train
    if fold is not None:
        numbers = fold_numbers(files, fold)
        probe_train = Split(
            Subset(probe_train.pictures, numbers), probe_train.labels[numbers]
        )
    if pretrain == "both":
        joined = Joined([source.pretrain, source.probe_train.pictures])
        source = dataclasses.replace(source, pretrain=joined, unseen=False)
    return dataclasses.replace(source, probe_train=probe_train)


def _read(reading, fold):
    """Returns the source with all of train, and the `Files` read, or None."""
    places = _places(reading.data_dir)
    for place in places:
        files = None
        if found := list(filter(has_files, (place / FOLDER, place))):
            files = from_folder(found[0], reading)
        elif (place / ARCHIVE).is_file():
            files = from_archive(place / ARCHIVE, reading)
        if files is not None:
            made = files.pictures, files.labels, files.class_names
            return make_source(*made), files
    if fold is not None:
        raise UsageError(
            f"`fold` must be left out without {ARCHIVE}, whose "
            f"{FOLDS} has the folds. Received: {fold}"
        )
    found = [place for place in places if versions("stl10", place)]
    if not found:
        found = [folder_of(reading.data_dir)]
        _download(found[0])
    reading = dataclasses.replace(reading, data_dir=str(found[0]))
    return prepared(reading, "stl10"), None


def _places(data_dir):
    """Returns the folders it may be in, in the order to look there."""
    if data_dir:
        return [folder_of(data_dir)]
    here = pathlib.Path()
    try:
        return [folder_of(None), here]
    except UsageError:  # no home folder is known, as in containers
        return [here]


def _download(place):
    """Prepares it with TensorFlow Datasets; progress goes to stderr."""
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    try:
        # Without a network, TensorFlow Datasets gives up only after minutes.
        request = urllib.request.Request(URL, method="HEAD")
        urllib.request.urlopen(request, timeout=PATIENCE).close()
        with contextlib.redirect_stdout(sys.stderr):
            builder = tfds.builder("stl10", data_dir=str(place))
            builder.download_and_prepare()
    except Exception as error:
        # Networks, disks and checksums each fail with their own exception.
        why = reason_of(getattr(error, "reason", error), 100)
        raise UsageError(
            f"STL-10 is not in {str(place)!r}, and the download failed: "
            f"{why}\nFetch {ARCHIVE} from {SITE} and put it "
            "there, as it is or unpacked; or give its folder as --data-dir."
        ) from error
