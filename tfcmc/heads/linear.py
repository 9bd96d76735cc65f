"""A linear head."""

from tfcmc.foundation.lazy import keras
from tfcmc.foundation.registry import Number
from tfcmc.heads.base import HEADS


@HEADS.register("linear", dim=Number(at_least=1, at_most=65_536, whole=True))
def linear(features, seed: int, *, dim: int = 128):
    """One matrix, without a bias.

    Args:
        features: `[batch, features]`.
        seed: Of the initial weights, Glorot's uniform.
        dim: Dimensions of the embeddings.

    Returns:
        `[batch, dim]`.

    Reference: Wu et al. 2018, section 3; Tian et al. 2019, section 3; their
        code adds a bias.
    """
    return keras.layers.Dense(
        dim,
        use_bias=False,
        kernel_initializer=keras.initializers.GlorotUniform(seed + 99),
        name="projection",
    )(features)
