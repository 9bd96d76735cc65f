"""The non-linear probe: one hidden layer on frozen features."""

import numpy as np

from tfcmc.evaluation.probes.base import (
    PROBES,
    accuracy_of,
    check_parts,
    join,
    standardise,
    told,
)
from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.threads import on_one_thread

neural_network = LazyModule("sklearn.neural_network")

HIDDEN = 256  # ReLU units
BATCH = 256  # at most
STEPS = 4  # an epoch, at least: fewer would be too coarse to choose among
# As scikit-learn's C: the penalty is |w|^2 / (2 C) beside the summed loss, so
# it wanes as pictures are added. Of about 0.003, 0.01 and 0.03 the strongest
# read most off 500, 2,000 and 5,000 photographs; others want a weaker one.
INVERSE_STRENGTHS = (0.01, 0.1, 1.0)
EPOCHS = 50  # at most
PATIENCE = 5  # epochs that read less than the best one, at most


@PROBES.register("mlp_head", extra={"title": "MLP head", "short": "MLP"})
@on_one_thread
def mlp_head(fit, validation, test, *, seed):
    """256 ReLU units on standardised features; penalty and epochs are chosen.

    Where it reads more than the linear probe, what it adds is there but not
    laid out in straight lines. Adam at 1e-3 stops at the epoch most accurate
    on the validation part, under a penalty that is weakened as long as this
    reads more; as many epochs are then trained on both parts together.

    Args:
        fit: `Labelled` features to fit on.
        validation: `Labelled` features to choose on.
        test: `Labelled` features to judge on.
        seed: Of the initial weights and the order.

    Returns:
        `accuracy` on test and what was `predicted` there,
        `validation_accuracy`, both in [0, 1], and the `inverse_strength` (as
        scikit-learn's C) and the `epochs` chosen.
    """
    check_parts(fit, validation, test)
    parts = standardise(fit.features, validation.features)
    best, strength, epochs = -1.0, None, 0
    for weaker in INVERSE_STRENGTHS:
        accuracy, count = _best_epoch(
            *parts, fit.labels, validation.labels, weaker, seed
        )
        if accuracy <= best:
            break
        best, strength, epochs = accuracy, weaker, count
        if best == 1.0:
            break
    whole = join(fit, validation)
    scaled, judged = standardise(whole.features, test.features)
    heads = _epochs(scaled, whole.labels, strength, seed)
    for _ in range(epochs):
        head = next(heads)
    return {
        **told(head.predict(judged), test.labels),
        "validation_accuracy": best,
        "inverse_strength": strength,
        "epochs": epochs,
    }


def _best_epoch(features, held_out, labels, wanted, inverse_strength, seed):
    """Returns the accuracy of the epoch that reads most, and its number."""
    best, chosen, last = -1.0, 0, 0
    heads = _epochs(features, labels, inverse_strength, seed)
    for epoch, head in zip(range(1, EPOCHS + 1), heads, strict=False):
        accuracy = accuracy_of(head, held_out, wanted)
        if accuracy > best:
            best, chosen = accuracy, epoch
        # While all are taken for the largest class, it may still learn.
        if accuracy == best:
            last = epoch
        if epoch >= last + PATIENCE or best == 1.0:
            break
    return best, chosen


def _epochs(features, labels, inverse_strength, seed):
    """Yields one head after each epoch of its training, without end."""
    count = len(labels)
    batch = max(1, min(BATCH, count // STEPS))
    head = neural_network.MLPClassifier(
        hidden_layer_sizes=(HIDDEN,),
        # scikit-learn divides the penalty by the pictures of a batch.
        alpha=batch / (inverse_strength * count),
        batch_size=batch,
        learning_rate_init=1e-3,
        # A seed would be taken anew at each call, for one order in all epochs.
        random_state=np.random.RandomState(seed),
    )
    classes = np.unique(labels)
    while True:
        yield head.partial_fit(features, labels, classes=classes)
