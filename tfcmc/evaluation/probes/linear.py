"""The linear probe: multinomial logistic regression on frozen features."""

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

linear_model = LazyModule("sklearn.linear_model")

# Inverse strengths of the penalty, strong to weak: from where a probe on 768
# standardised features underfits 1,000 pictures to where few features of few
# pictures are fitted as they are.
INVERSE_STRENGTHS = (
    *(1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 1.0),
    *(10.0, 100.0),
)
PATIENCE = 3  # weaker penalties that read less than the best, at most
# Stronger ones may all name the largest class, or the same noise: that they
# read no more says nothing of the weaker ones.
WEAK = 1e-2


@PROBES.register(
    "linear_probe", extra={"title": "linear probe", "short": "linear"}
)
@on_one_thread
def linear_probe(fit, validation, test, *, seed):
    """Logistic regression on standardised features, its strength chosen.

    The strength is the one most accurate on the validation part; the probe is
    then fitted on both parts together.

    Args:
        fit: `Labelled` features to fit on.
        validation: `Labelled` features to choose the strength on.
        test: `Labelled` features to judge on.
        seed: Not read: the fit is deterministic.

    Returns:
        `accuracy` on test and what was `predicted` there,
        `validation_accuracy`, both in [0, 1], and the `inverse_strength`
        chosen (scikit-learn's C).
    """
    del seed
    check_parts(fit, validation, test)
    scaled, held_out = standardise(fit.features, validation.features)
    best = (-1.0, INVERSE_STRENGTHS[0])
    worse, start = 0, None
    for strength in INVERSE_STRENGTHS:
        model = _regression(strength, scaled, fit.labels, start)
        start = model
        accuracy = accuracy_of(model, held_out, validation.labels)
        if accuracy > best[0]:
            best, worse = (accuracy, strength), 0
        elif accuracy < best[0] and strength >= WEAK:
            worse += 1
        if worse == PATIENCE or best[0] == 1.0:
            break
    whole = join(fit, validation)
    scaled, judged = standardise(whole.features, test.features)
    model = _regression(best[1], scaled, whole.labels, None)
    return {
        **told(model.predict(judged), test.labels),
        "validation_accuracy": best[0],
        "inverse_strength": best[1],
    }


def _regression(inverse_strength, features, labels, start):
    """Fits a regression, starting from a stronger penalty's solution."""
    # The mean loss's gradient by a class is as small as its share of pictures.
    tol = min(1e-3, 1e-2 / len(np.unique(labels)))
    model = linear_model.LogisticRegression(
        C=inverse_strength, max_iter=1000, tol=tol, warm_start=True
    )
    if start is not None:
        model.coef_ = start.coef_.copy()
        model.intercept_ = start.intercept_.copy()
        model.classes_ = start.classes_
    return model.fit(features, labels)
