"""What `test_replicas.py` runs of optimizers, on two replicas."""

import numpy as np

from tests.optimizers.stepping import (
    SPECS,
    make,
    make_gradients,
    make_variables,
    take,
    values,
)
from tfcmc.foundation.lazy import tf


def compare(strategy, spec):
    """Takes the same steps on all replicas and on one device."""
    one = make_variables(np.random.default_rng(5))
    start = values(one)
    rng = np.random.default_rng(8)
    parts = [make_gradients(one, rng) for _ in range(2)]
    sums = [
        [a + b for a, b in zip(*step, strict=True)]
        for step in zip(*parts, strict=True)
    ]
    steps = range(len(sums))
    take(make(spec, one), sums, one)
    with strategy.scope():
        variables = make_variables(np.random.default_rng(5))
        optimizer = make(spec, variables)
        optimizer.build(variables)

    shares = [
        tf.stack([[part[step][place] for part in parts] for step in steps])
        for place in range(len(variables))
    ]

    @tf.function
    def step(number):
        def on_each():
            context = tf.distribute.get_replica_context()
            here = context.replica_id_in_sync_group
            optimizer.apply([g[number, here] for g in shares], variables)

        strategy.run(on_each)

    for number in steps:
        step(tf.constant(number))
    copies = [
        [copy.numpy() for copy in strategy.experimental_local_results(v.value)]
        for v in variables
    ]
    ends = values(one)
    return {
        "spec": spec,
        "apart": max(map(_apart, [first for first, _ in copies], ends)),
        "moved": min(map(_apart, ends, start)),
        "alike": all(np.array_equal(*pair) for pair in copies),
        "steps": int(optimizer.iterations.numpy()),
    }


def _apart(one, other):
    return float(np.abs(one - other).max())


def main(strategy):
    """Says of each spec how far both, with parts of a gradient, are from one.

    And how far that one, with their sum, moved the variable that moved least,
    and whether both replicas hold the same.
    """
    return [compare(strategy, spec) for spec in SPECS]
