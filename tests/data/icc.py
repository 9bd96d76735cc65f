"""Colour profiles after ICC.1, put together by hand."""

import struct

import numpy as np

D50 = (0.9642, 1.0, 0.8249)
# Of the primaries, as columns, adapted to D50.
P3_TO_XYZ = np.array([
    [0.51512, 0.29198, 0.15710],
    [0.24120, 0.69225, 0.06657],
    [-0.00105, 0.04189, 0.78407],
])  # fmt: skip
SRGB_TO_XYZ = np.array([
    [0.43607, 0.38515, 0.14307],
    [0.22249, 0.71687, 0.06061],
    [0.01392, 0.09708, 0.71410],
])  # fmt: skip
CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)  # sRGB's


def rgb_profile(to_xyz):
    """The profile of primaries with sRGB's curve."""
    curve = b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + _fixed(CURVE)
    tags = {}
    for name, column in zip("rgb", np.transpose(to_xyz), strict=True):
        tags[f"{name}XYZ"] = _xyz(column)
        tags[f"{name}TRC"] = curve
    return _profile("RGB ", tags)


def grey_profile(gamma):
    """The profile of grey whose light is its value to a power."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    return _profile("GRAY", {"kTRC": curve})


def cmyk_profile(paper_less):
    """A printer's, linear in Lab.

    `paper_less` is `[4, 3]`: what each ink, in full, takes from a white
    paper's L, a and b in bytes.
    """
    inks = np.stack(np.meshgrid(*[[0, 1]] * 4, indexing="ij"), axis=-1)
    lab = np.array([255, 128, 128]) - inks @ np.asarray(paper_less)
    head = struct.pack(">BBBB", 4, 3, 2, 0) + _fixed(np.eye(3).ravel())
    same = bytes(range(256))
    table = b"mft1\0\0\0\0" + head + 4 * same
    table += lab.astype(np.uint8).tobytes() + 3 * same
    return _profile("CMYK", {"A2B0": table}, kind=b"prtr", pcs=b"Lab ")


def _profile(space, tags, kind=b"mntr", pcs=b"XYZ "):
    tags = {"desc": _described("made"), "wtpt": _xyz(D50), **tags}
    start, listed, data = 132 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        place = struct.pack(">II", start + len(data), len(content))
        listed += name.encode() + place
        data += content + bytes(-len(content) % 4)
    size, version = start + len(data), 0x02400000
    what = size, b"lcms", version, kind, space.encode(), pcs, b"acsp"
    head = struct.pack(">I4sI4s4s4s12x4s28x", *what) + _fixed(D50)
    count = struct.pack(">I", len(tags))
    return head.ljust(128, b"\0") + count + listed + data


def _described(text):
    size = struct.pack(">I", len(text) + 1)
    return b"desc\0\0\0\0" + size + text.encode() + bytes(79)


def _xyz(values):
    return b"XYZ \0\0\0\0" + _fixed(values)


def _fixed(values):
    return b"".join(struct.pack(">i", round(v * 65536)) for v in values)
