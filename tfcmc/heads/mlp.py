"""A multilayer head, or predictor."""

from collections.abc import Callable

from tfcmc.batch_norms.synchronized import synchronized
from tfcmc.foundation.lazy import keras
from tfcmc.foundation.registry import Choice, Flag, Number
from tfcmc.heads.base import HEADS


@HEADS.register(
    "mlp",
    layers=Number(at_least=2, at_most=8, whole=True),
    hidden=Number(at_least=1, at_most=65_536, whole=True),
    dim=Number(at_least=1, at_most=65_536, whole=True),
    norm=Choice(("none", "hidden", "all")),
    bias=Flag(),
    last_affine=Flag(),
)
def mlp(
    features,
    seed: int,
    *,
    batch_norm: Callable = synchronized,
    layers: int = 2,
    hidden: int = 512,
    dim: int = 128,
    norm: str = "none",
    bias: bool = True,
    last_affine: bool = True,
):
    """Linear layers with a ReLU between each two, as in SimCLR and after.

    Args:
        features: `[batch, features]`.
        seed: Of the initial weights, Glorot's uniform.
        batch_norm: A member of `BATCH_NORMS`, with its options.
        layers: How many linear layers, from 2.
        hidden: Units of every layer but the last.
        dim: Dimensions of the embeddings.
        norm: Where batch normalisation follows a linear layer: nowhere, after
            the hidden ones, or after all.
        bias: Whether a linear layer that no normalisation follows has one.
        last_affine: Whether a normalisation after the last layer scales and
            shifts.

    Returns:
        `[batch, dim]`.

    Reference: Chen et al. 2020, "A simple framework for contrastive learning
        of visual representations"; Chen and He 2021, "Exploring simple
        siamese representation learning".
    """
    for number in range(layers):
        last = number == layers - 1
        normed = norm == "all" or (norm == "hidden" and not last)
        features = keras.layers.Dense(
            dim if last else hidden,
            use_bias=bias and not normed,
            kernel_initializer=keras.initializers.GlorotUniform(
                seed + 99 + number
            ),
            name=f"linear_{number + 1}",
        )(features)
        if normed:
            affine = last_affine or not last
            features = batch_norm(
                name=f"norm_{number + 1}", center=affine, scale=affine
            )(features)
        if not last:
            features = keras.layers.ReLU(name=f"relu_{number + 1}")(features)
    return features
