"""A source whose pictures stay encoded: each is decoded as it is read."""

import dataclasses

from tfcmc.data.base import Reading, Source, make_source
from tfcmc.data.digest import describe_data
from tfcmc.data.encoded import EncodedPictures
from tfcmc.data.overlap import Overlap
from tfcmc.data.pictures import in_batches
from tfcmc.data.progress import Progress

BATCH = 256


def streamed(
    files: dict,
    labels: dict,
    digests: dict,
    class_names,
    side: int,
    room,
    reading: Reading,
    notes: tuple,
) -> Source:
    """Makes a source of image files that are not read yet.

    Args:
        files: "pretrain", "train" and "test", those that there are, to files
            as `EncodedPictures` takes them.
        labels: "train" and "test", those that have any, to `[count]`.
        digests: Part to those of its files, in order, in one string.
        class_names: One name a label.
        side: In pixels, at which what is measured is read.
        room: The `Room` for decoding.
        notes: What else the user should know, one line each: what is told
            before how they are read, and what after it.
    """
    pictures = {
        part: EncodedPictures(
            found, side, room, reading.on_bad_image, labels.get(part)
        )
        for part, found in files.items()
    }
    source = make_source(pictures, labels, class_names)
    if source.pretrain is pictures.get("train"):
        digests = dict(digests)
        digests["pretrain"] = digests.pop("train")
    overlap = Overlap()
    for part, found in digests.items():
        overlap.add_digests(part, found)
    if reading.whole:
        told = (
            f"views are cut out of whole files; what is measured is of "
            f"{side}x{side}"
        )
    else:
        told = (
            f"they do not fit in --memory-limit: each batch is decoded from "
            f"its files, at {side}x{side}"
        )
    before, after = notes
    return dataclasses.replace(
        source,
        notes=(*before, told, *after, *overlap.notes()),
        described=describe_data(source, known=digests),
    )


def check_whole(argument, source):
    """Decodes what would else be decoded only when it is asked for.

    Raises:
        UsageError: if an image cannot be read, and `on_bad_image` is "stop".
    """
    parts = [pictures for _, pictures, _ in source.parts()]
    parts = [each for each in parts if isinstance(each, EncodedPictures)]
    progress = Progress("images decoded", sum(map(len, parts)))
    for pictures in parts:
        for batch in in_batches(pictures, BATCH):
            progress.add(len(batch))
