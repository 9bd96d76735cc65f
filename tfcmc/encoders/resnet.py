"""The residual networks of the field."""

import dataclasses
import itertools
from collections.abc import Callable, Iterator

from tfcmc.batch_norms.synchronized import synchronized
from tfcmc.encoders.base import ENCODERS, FEATURES
from tfcmc.foundation.lazy import keras
from tfcmc.foundation.registry import Choice, Flag, Number

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
BOTTLENECK = 4  # times more channels leave a block than it computes with
CHANNELS = (64, 128, 256, 512)
SMALL = 32  # pixels, up to which SimCLR takes the stem of CIFAR
# Kernel and stride of the first convolution, and whether a pool follows.
STEMS = {
    "cifar": (3, 1, False),
    "tiny": (3, 1, True),
    "imagenet": (7, 2, True),
}


@dataclasses.dataclass
class _Layers:
    """Makes layers: numbered seeds, and normalisation of one kind."""

    batch_norm: Callable
    seeds: Iterator

    def convolve(self, inputs, channels, kernel, stride, name, gamma="ones"):
        """A convolution padded alike on both sides, and normalised."""
        margin = kernel // 2
        if stride > 1 and margin:
            inputs = keras.layers.ZeroPadding2D(
                margin, name=f"{name}_padding"
            )(inputs)
        outputs = keras.layers.Conv2D(
            channels,
            kernel,
            strides=stride,
            # For a stride of 1 "same" pads alike on both sides.
            padding="same" if stride == 1 else "valid",
            use_bias=False,
            kernel_initializer=keras.initializers.VarianceScaling(
                2.0, "fan_out", "untruncated_normal", next(self.seeds)
            ),
            name=name,
        )(inputs)
        return self.batch_norm(name=f"{name}_norm", gamma_initializer=gamma)(
            outputs
        )

    def block(self, inputs, channels, stride, name, deep, gamma):
        """A residual block, of two convolutions 3x3 or a bottleneck of three.

        The shortcut is the inputs where they have the outputs' shape.
        """
        wanted = channels * BOTTLENECK if deep else channels
        shortcut = inputs
        if stride > 1 or inputs.shape[-1] != wanted:
            shortcut = self.convolve(
                inputs, wanted, 1, stride, f"{name}_shortcut"
            )
        sizes = [(channels, 3, stride), (wanted, 3, 1)]
        if deep:
            sizes = [(channels, 1, 1), (channels, 3, stride), (wanted, 1, 1)]
        hidden = inputs
        for number, size in enumerate(sizes, 1):
            last = number == len(sizes)
            hidden = self.convolve(
                hidden,
                *size,
                f"{name}_convolution_{number}",
                gamma if last else "ones",
            )
            if not last:
                hidden = keras.layers.ReLU(name=f"{name}_relu_{number}")(
                    hidden
                )
        total = keras.layers.Add(name=f"{name}_sum")([hidden, shortcut])
        return keras.layers.ReLU(name=f"{name}_relu")(total)


@ENCODERS.register(
    "resnet",
    extra={"non_negative": lambda options: True},
    depth=Choice(tuple(BLOCKS)),
    width=Number(above=0, at_most=16),
    stem=Choice(("auto", *STEMS)),
    zero_init=Flag(),
)
def resnet(
    shape: tuple,
    seed: int,
    *,
    batch_norm: Callable = synchronized,
    depth: int = 18,
    width: float = 1.0,
    stem: str = "auto",
    zero_init: bool = False,
):
    """A residual network, layer by layer as torchvision's, without classes.

    Four stages, whose number of blocks is that of the depth, of 64, 128, 256
    and 512 channels, times 4 for bottlenecks (50); each but the first begins
    with a stride of 2, which in a bottleneck its 3x3 convolution has. Features
    are the mean over places, whatever the side: 512, or 2,048. 11,176,512,
    21,284,672 and 23,508,032 weights of 3 channels, with the stem of ImageNet.
    Convolutions have no bias and begin as He's, by what goes out.

    Args:
        shape: `(height, width, channels)` of a view; sides may be None.
        seed: Whole number the initial weights are a function of.
        batch_norm: A member of `BATCH_NORMS`, with its options.
        depth: 18, 34 or 50 layers.
        width: Factor on every number of channels.
        stem: What stands before the stages: "imagenet", 7x7 of stride 2 and a
            pool of 3x3 and stride 2; "tiny", 3x3 and that pool, for
            Tiny-ImageNet and STL-10; "cifar", 3x3 alone; or "auto", that of
            CIFAR for sides up to 32, else, and where they are not known, that
            of ImageNet.
        zero_init: Whether the last factor of every block begins at 0, so that
            blocks begin as their shortcuts.

    Returns:
        A functional `keras.Model`, `[batch, height, width, channels]` to
        `[batch, features]`, none of them negative.

    Reference: He et al. 2016, "Deep residual learning for image recognition".
        Stems: Chen et al. 2020, "A simple framework for contrastive learning
        of visual representations", appendix B.9; Ermolov et al. 2021,
        "Whitening for self-supervised representation learning". `zero_init`:
        Goyal et al. 2017, section 5.1.
    """
    if stem == "auto":
        small = shape[0] is not None and max(shape[:2]) <= SMALL
        stem = "cifar" if small else "imagenet"
    make = _Layers(batch_norm, itertools.count(seed))
    channels = [max(1, round(each * width)) for each in CHANNELS]
    kernel, stride, pooled = STEMS[stem]
    inputs = keras.Input(shape)
    hidden = make.convolve(inputs, channels[0], kernel, stride, "stem")
    hidden = keras.layers.ReLU(name="stem_relu")(hidden)
    if pooled:
        # Nothing is below the padding's zeros.
        hidden = keras.layers.ZeroPadding2D(1, name="pool_padding")(hidden)
        hidden = keras.layers.MaxPooling2D(3, 2, name="pool")(hidden)
    for stage, blocks in enumerate(BLOCKS[depth]):
        for block in range(blocks):
            hidden = make.block(
                hidden,
                channels[stage],
                stride=2 if stage and not block else 1,
                name=f"stage_{stage + 1}_block_{block + 1}",
                deep=depth >= 50,
                gamma="zeros" if zero_init else "ones",
            )
    features = keras.layers.GlobalAveragePooling2D(name=FEATURES)(hidden)
    return keras.Model(inputs, features)
