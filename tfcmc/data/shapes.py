"""Coloured, textured shapes on clutter: the data that needs no download.

A class is an outline with a texture. Colours, position, size, rotation,
light and clutter are drawn without looking at the class, and lightness
without looking at hue: what L and ab of a picture share is its geometry.
Everything is a function of a seed.
"""

import functools

import numpy as np

from tfcmc.data.base import SOURCES, Split, make_source
from tfcmc.data.pictures import keep
from tfcmc.foundation.registry import Number
from tfcmc.foundation.threads import together

SIDE = 64
FITTED = 2_000  # pictures that probes are fitted on
# That they are judged on: of 2,000, which ones moves an accuracy by a point.
JUDGED = 8_000
CLUTTER = 6  # ellipses behind the object
RADIUS = (0.42, 0.62)  # of the object, in halves of a picture's side
OFFSET = 0.25  # of its middle from the picture's, at most, in the same
TURN = 0.5  # of the object, at most, in radians either way
RATE = (6.5, 11.0)  # of its texture, in radians a radius of the object
BLOCK = 160  # pictures made at once: arrays that stay in a core's cache
LIGHT = 0.25  # the most that light changes over half a picture
NOISE = 10.0  # the most that noise adds to or takes from a byte
# Luma to red, green, blue and two chroma axes to them: ITU-R BT.601.
TO_RGB = np.array(
    [[1.0, 1.0, 1.0], [0.0, -0.344, 1.772], [1.402, -0.714, 0.0]], np.float32
)


# Outlines: object coordinates, of radius about 1, to below 1 inside and above
# it outside. All have the area of the disc, so that how much of a picture the
# object covers says nothing about its class.


def _disc(u, v):
    return np.sqrt(u * u + v * v)


def _cross(u, v):
    """Two bars, three times as long as wide."""
    u, v = np.abs(u), np.abs(v)
    return np.maximum(np.maximum(u, v), 3.0 * np.minimum(u, v)) / 1.189


def _triangle(u, v):
    return _edges(u, v, 3)[0] / 0.778


def _square(u, v):
    return np.maximum(np.abs(u), np.abs(v)) / 0.886


def _star(u, v):
    """Each of its points lies beyond one of a pentagon's edges, never two."""
    return _edges(u, v, 5)[1] / 0.517


def _edges(u, v, count):
    """Returns the two largest distances along a polygon's directions."""
    first = np.full_like(u, -np.inf)
    second = first
    for angle in 2.0 * np.pi * np.arange(count) / count:
        along = np.float32(np.cos(angle)) * u + np.float32(np.sin(angle)) * v
        second = np.maximum(second, np.minimum(first, along))
        first = np.maximum(first, along)
    return first, second


# Textures: object coordinates times radians a unit to a wave about zero; the
# object has one of its two colours where the wave is positive.
TEXTURES = {
    "solid": lambda u, v: np.ones_like(u),
    "striped": lambda u, v: np.sin(u),
    "checked": lambda u, v: np.sin(u) * np.sin(v),
    "dotted": lambda u, v: np.cos(u) + np.cos(v) - 0.7,
    # Around a point of the axis.
    "ringed": lambda u, v: np.sin(np.sqrt(u * u + v * v)),
}
OUTLINES = {
    "disc": _disc,
    "cross": _cross,
    "triangle": _triangle,
    "square": _square,
    "star": _star,
}
# Each outline and each texture twice: neither alone tells ten classes apart.
CLASSES = ("solid disc", "solid cross", "striped square", "striped star")
CLASSES += ("checked disc", "checked triangle", "dotted square")
CLASSES += ("dotted star", "ringed cross", "ringed triangle")


@SOURCES.register(
    "shapes",
    size=Number(at_least=100, at_most=100_000, whole=True),
    seed=Number(at_least=0, below=2**31, whole=True),
    extra={"epochs": 18},
)
def shapes(reading, argument, *, size=10_000, seed=0):
    """Draws coloured, textured shapes on clutter: ten classes, no download.

    Args:
        reading: Pictures are drawn at its `side`, or at 64.
        argument: Not read.
        size: Number of pictures to learn from. Probes get 2,000 to fit on
            and 8,000 to be judged on, or as many as `size` where that is less.
        seed: Whole number, from 0, that all pictures are a function of.
    """
    counts = {"pretrain": size}
    counts |= {"train": min(size, FITTED), "test": min(size, JUDGED)}
    side = reading.side or SIDE
    room = reading.room(sum(counts.values()), side)
    streams = np.random.SeedSequence(seed).spawn(3)
    drawn = together(
        *(
            functools.partial(draw, stream, count, side, room)
            for stream, count in zip(streams, counts.values(), strict=True)
        )
    )
    splits = dict(zip(counts, drawn, strict=True))
    pictures = {part: split.pictures for part, split in splits.items()}
    labels = {part: splits[part].labels for part in ("train", "test")}
    return make_source(pictures, labels, CLASSES)


def draw(seed, count, side, room) -> Split:
    """Draws pictures of all classes in random order.

    Args:
        seed: A `SeedSequence`, or whole number, from 0.
        count: How many; classes differ by one picture at most.
        side: Their side in pixels.
        room: The `Room` that they are kept in.
    """
    generator = np.random.Generator(np.random.Philox(seed))
    labels = generator.permutation(np.arange(count) % len(CLASSES))

    def blocks():
        for start in range(0, count, BLOCK):
            chosen = labels[start : start + BLOCK]
            pictures = np.empty([len(chosen), side, side, 3], np.uint8)
            for label in np.unique(chosen):
                rows = np.flatnonzero(chosen == label)
                pictures[rows] = paint(generator, label, len(rows), side)
            yield pictures

    return Split(keep(blocks(), side, count, room), labels)


def paint(generator, label, count, side):
    """Paints pictures of the class of a label: `[count, side, side, 3]`."""

    def uniform(low, high):
        drawn = generator.uniform(low, high, [count, 1])
        return drawn.astype(np.float32)

    grid = _grid(side)
    layers = [_ellipse(uniform, grid, side) for _ in range(CLUTTER)]
    layers += _object(uniform, label, grid, side)
    # Planes of colour, not pixels: long rows are what products are fast on.
    picture = _colours(generator, count) @ _shares(layers)
    angle = uniform(0.0, 2.0 * np.pi)
    slope = uniform(0.0, LIGHT) * _turned(grid, (0.0, 0.0), angle, 1.0)[0]
    picture *= (1.0 + slope)[:, None]
    picture += _noise(generator, picture.shape)
    np.clip(picture, 0.0, 255.0, out=picture)
    pixels = picture.astype(np.uint8).transpose(0, 2, 1)
    return pixels.reshape(count, side, side, 3)


def _grid(side):
    """Returns x, y and 1 of all pixels: `[3, side * side]`, in (-1, 1)."""
    line = (2.0 * np.arange(side) + 1.0 - side) / side
    y, x = np.meshgrid(line, line, indexing="ij")
    rows = [x.ravel(), y.ravel(), np.ones(side * side)]
    return np.stack(rows).astype(np.float32)


def _turned(grid, middle, angle, scale):
    """Returns coordinates about a middle, turned and divided by a scale."""
    # The middle's x and y, the angle in radians and the scale are [count, 1]
    # each; the coordinates are two arrays [count, pixels].
    cosine, sine = np.cos(angle) / scale, np.sin(angle) / scale
    x, y = middle
    # As products of matrices: one pass over the pixels instead of five.
    along = np.hstack([cosine, sine, -cosine * x - sine * y])
    across = np.hstack([-sine, cosine, sine * x - cosine * y])
    return along @ grid, across @ grid


def _soft(values):
    """Turns pixels inside an edge into a share from 0 to 1, in place."""
    values += 0.5
    return np.clip(values, 0.0, 1.0, out=values)


def _ellipse(uniform, grid, side):
    """Returns how much of each pixel a random ellipse covers."""
    radius = uniform(0.06, 0.22)
    u, v = _turned(
        grid,
        (uniform(-1.0, 1.0), uniform(-1.0, 1.0)),
        uniform(0.0, np.pi),
        radius,
    )
    v /= uniform(1.0, 3.0)  # how much longer it is than wide
    return _soft((1.0 - _disc(u, v)) * (radius * side / 2.0))


def _object(uniform, label, grid, side):
    """Returns how much of each pixel the object and its pattern cover."""
    texture, outline = CLASSES[label].split()
    radius = uniform(*RADIUS)
    u, v = _turned(
        grid,
        (uniform(-OFFSET, OFFSET), uniform(-OFFSET, OFFSET)),
        uniform(-TURN, TURN),
        radius,
    )
    inside = _soft((1.0 - OUTLINES[outline](u, v)) * (radius * side / 2.0))
    rate = uniform(*RATE)
    wave = TEXTURES[texture](u * rate + uniform(0.0, 2.0 * np.pi), v * rate)
    pattern = _soft(wave * (radius / rate * side / 2.0))
    # The pattern, its second colour, stops at the object's outline.
    return [inside, inside * pattern]


def _shares(layers):
    """Returns how much of each pixel shows the background and each layer."""
    # Layers are what each covers, [count, pixels], from back to front; the
    # shares, [count, 1 + layers, pixels], sum to 1.
    count, pixels = layers[0].shape
    shares = np.empty([count, 1 + len(layers), pixels], np.float32)
    left = np.ones([count, pixels], np.float32)
    for number, cover in reversed(list(enumerate(layers, start=1))):
        np.multiply(left, cover, out=shares[:, number])
        left -= shares[:, number]
    shares[:, 0] = left
    return shares


def _colours(generator, count):
    """Returns one colour a layer: `[count, 3, layers]`, 0 to 255."""
    size = [count, 1 + CLUTTER + 2]
    luma = generator.uniform(0.2, 0.85, size)
    hue = generator.uniform(0.0, 2.0 * np.pi, size)
    chroma = generator.uniform(0.1, 0.22, size)
    # Background, object and pattern stand a third of the hues apart, and a
    # step of luma; which is which is dealt apart for hue and for luma. So each
    # view shows the object, and one view's colours do not say what the
    # other's are.
    main = [0, -2, -1]
    steps = np.tile(np.arange(3.0), [2, count, 1])
    dealt = generator.permuted(steps, axis=-1)
    dealt += generator.uniform(-0.25, 0.25, dealt.shape)
    luma[:, main] = 0.28 + 0.24 * dealt[0]
    hue[:, main] = hue[:, :1] + 2.0 * np.pi / 3.0 * dealt[1]
    axes = [luma, chroma * np.cos(hue), chroma * np.sin(hue)]
    colours = np.stack(axes, axis=-1).astype(np.float32) @ TO_RGB
    return 255.0 * np.clip(colours, 0.0, 1.0).transpose(0, 2, 1)


def _noise(generator, shape):
    """Returns uniform noise, from bytes: a normal draw costs ten times it."""
    drawn = np.frombuffer(generator.bytes(int(np.prod(shape))), np.uint8)
    noise = drawn.reshape(shape).astype(np.float32)
    noise -= 127.5
    noise *= NOISE / 127.5
    return noise
