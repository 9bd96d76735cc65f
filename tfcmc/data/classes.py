"""A folder of class folders alone, a part of each held out."""

import pathlib

from tfcmc.data.base import SOURCES
from tfcmc.data.folder import IMAGE_FILES, check, source_of
from tfcmc.data.layout import split_layout
from tfcmc.foundation.paths import expanded


@SOURCES.register("classes", takes_argument=True, extra=IMAGE_FILES)
def classes(reading, argument):
    """Reads image files of class folders, CLASS/*.

    A fifth of every class, the same each time, is the test part, which is
    never learnt from; all else is as in `folder`.

    Raises:
        UsageError: if there are no two classes, images are in none, or one
            cannot be read and `on_bad_image` is "stop".
    """
    check(argument)
    layout = split_layout(pathlib.Path(expanded("data", argument)))
    return source_of(reading, argument, layout)
