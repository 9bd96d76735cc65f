"""Adam is Keras's own, to the bit."""

import numpy as np

from tests.optimizers.stepping import make_gradients, make_variables, values
from tfcmc.foundation.lazy import keras, tf
from tfcmc.optimizers import OPTIMIZERS


def test_it_is_keras_own():
    """The class itself, with the options in it."""
    ours = OPTIMIZERS.lookup("adam(beta_1=0.3, beta_2=0.9)").function(1.0, 0.1)
    own = keras.optimizers.Adam(0.1, beta_1=0.3, beta_2=0.9)
    assert type(ours) is keras.optimizers.Adam
    assert ours.get_config() | {"name": ""} == own.get_config() | {"name": ""}
    ends = []
    for optimizer in (ours, own):
        variables = make_variables(np.random.default_rng(3))
        for each in make_gradients(variables, np.random.default_rng(4)):
            optimizer.apply([tf.constant(g) for g in each], variables)
        ends.append(values(variables))
    for one, other in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, other)
