"""The paper's probe: a linear head trained by Adam on features as they are."""

import numpy as np

from tfcmc.evaluation.probes.base import PROBES, check_parts, join, told
from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.threads import on_one_thread

neural_network = LazyModule("sklearn.neural_network")

EPOCHS = 100
LARGEST = 1e15  # feature: the squares of its gradients are float32 too


@PROBES.register("plain_head", extra={"title": "plain head", "short": "plain"})
@on_one_thread
def plain_head(fit, validation, test, *, seed):
    """A softmax layer on features that are not standardised.

    Adam at 1e-3, batches of 128, 100 epochs, no penalty. It reads little off
    features that differ little, where the standardised probe magnifies them:
    it shows a collapse that the other hides.

    Args:
        fit: `Labelled` features to fit on.
        validation: Joins `fit`: nothing is chosen.
        test: `Labelled` features to judge on.
        seed: Of the head's initial weights and order.

    Returns:
        `accuracy` on test, in [0, 1], and what was `predicted`.

    Raises:
        UsageError: if features are too large for Adam as they are.

    Reference: the paper, section on the linear readout.
    """
    check_parts(fit, validation, test)
    whole = join(fit, validation)
    largest = np.abs(whole.features).max()
    if largest > LARGEST:
        raise must("features", f"at most {LARGEST:g}", float(largest))
    # No hidden layer: a multinomial softmax regression, trained by Adam.
    head = neural_network.MLPClassifier(
        hidden_layer_sizes=(),
        alpha=0.0,
        batch_size=min(128, len(whole.labels)),
        learning_rate_init=1e-3,
        # It trains for a fixed time, and is not meant to converge: no epoch
        # after the first counts as better, and the last of so many ends it,
        # without a warning.
        tol=np.finfo(float).max,
        n_iter_no_change=EPOCHS - 2,
        max_iter=EPOCHS + 1,
        random_state=seed,
    )
    head.fit(whole.features.astype(np.float32), whole.labels)
    predicted = head.predict(test.features.astype(np.float32))
    return told(predicted, test.labels)
