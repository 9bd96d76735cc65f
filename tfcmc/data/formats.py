"""Which files are pictures, by their names and by their formats."""

import functools

from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.text import counted

Image = LazyModule("PIL.Image")

# What Pillow opens, less what is a film (FLI, MPEG), needs a program beside
# it (EPS: Ghostscript, WMF: Windows), has no decoder in it (BUFR, GRIB, HDF5),
# is no picture of bytes (FITS, MCIDAS, SPIDER), holds icons whose sizes its
# head does not tell (CUR, ICNS, ICO), or textures and brushes of one program.
PICTURES = tuple(
    "JPEG PNG WEBP TIFF GIF BMP AVIF JPEG2000 PPM QOI PSD DIB PCX SGI SUN "
    "TGA".split()
)
READ_AS_OTHERS = ("MPO",)  # several JPEGs in one: the first is read
NO_PICTURES = ("BUFR", "GRIB", "HDF5", "PDF")
# Photographs, drawings and films that Pillow has no name for.
OTHERS = frozenset(
    ".heic .heics .heif .heifs .hif .avif .avifs .jxl .jxr .wdp .exr .hdr "
    ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .fff .iiq .kdc .mef .mos .mrw "
    ".nef .nrw .orf .pef .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f .dcm "
    ".svg .svgz .ai .cdr .kra .xcf "
    ".3gp .avi .flv .m2ts .m4v .mkv .mov .mp4 .mts .ogv .webm .wmv".split()
)
SHOWN = 5  # kinds of files that a note names


@functools.cache
def formats():
    """Returns Pillow's names of the formats that are read.

    Without those that the Pillow installed lacks, as AVIF before 11.3.
    """
    Image.init()
    return tuple(kind for kind in PICTURES if kind in Image.OPEN)


def is_image(name) -> bool:
    """Says whether a file's name is that of an image that can be read."""
    return _extension(name) in _known()[0]


def other_kind(name) -> str:
    """Returns the extension of a picture or a film that cannot be read.

    ".heic", for instance; "" for images that can be read, hidden files and
    files that look like neither picture nor film.
    """
    extension = _extension(name)
    return extension if extension in _known()[1] else ""


def left_out(others) -> list[str]:
    """Returns the notes on what is not read, of a `Counter` of extensions."""
    if not others:
        return []
    kinds = sorted(others.items(), key=lambda kind: (-kind[1], kind[0]))
    listed = ", ".join(f"{count:,} {kind}" for kind, count in kinds[:SHOWN])
    more = ", ..." if len(kinds) > SHOWN else ""
    told = counted(
        sum(others.values()),
        "picture or film of a kind that is not read was",
        "pictures or films of kinds that are not read were",
    )
    return [f"{told} left out: {listed}{more}"]


def _extension(name):
    begin, dot, ending = name.rpartition(".")
    return dot + ending.lower() if begin and name[0] != "." else ""


@functools.cache
def _known():
    """Returns the extensions that are read, and those of other pictures."""
    named = Image.registered_extensions()
    read = (*PICTURES, *READ_AS_OTHERS)
    mine = {ending for ending, kind in named.items() if kind in read}
    rest = {e for e, kind in named.items() if kind not in NO_PICTURES}
    return frozenset(mine), (OTHERS | rest) - mine
