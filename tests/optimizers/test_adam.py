"""Adam is Keras's own."""

from tfcmc.foundation.lazy import keras
from tfcmc.optimizers import OPTIMIZERS


def test_it_is_keras_own():
    """The class itself, with the options in it."""
    ours = OPTIMIZERS.lookup("adam(beta_1=0.3, beta_2=0.9)").function(1.0, 0.1)
    own = keras.optimizers.Adam(0.1, beta_1=0.3, beta_2=0.9)
    assert type(ours) is keras.optimizers.Adam
    assert ours.get_config() | {"name": ""} == own.get_config() | {"name": ""}
