"""What trials say of a whole range: a smooth estimate, and importance."""

import warnings

import numpy as np

from tfcmc.lazy import LazyModule
from tfcmc.threads import on_one_thread

ensemble = LazyModule("sklearn.ensemble")
exceptions = LazyModule("sklearn.exceptions")
gaussian_process = LazyModule("sklearn.gaussian_process")
kernels = LazyModule("sklearn.gaussian_process.kernels")

FEWEST_SMOOTHED = 5  # trials at different places; fewer show themselves
FEWEST_WEIGHED = 10  # trials; fewer leave too few out to judge a forest on
REFITS = 30
SHUFFLES = 10
TREES = 60


@on_one_thread
def smooth(places, scores, at):
    """Estimates a score over one option from trials scattered over it.

    A Gaussian process of a smooth function and noise, whose length and sizes
    are those under which the trials are likeliest. What other options do to
    a trial counts as noise.

    Args:
        places: `[trials]`, the option's values in [0, 1] of its range.
        scores: `[trials]`.
        at: `[points]`, where to estimate, in [0, 1].

    Returns:
        `(mean, deviation)`, `[points]` each: of the score of a trial there,
        noise among it. None of fewer than `FEWEST_SMOOTHED` places.

    Reference: Rasmussen and Williams 2006, chapter 2.
    """
    if len(np.unique(places)) < FEWEST_SMOOTHED:
        return None
    scores = np.asarray(scores, float)
    if np.ptp(scores) == 0:
        return np.full(len(at), scores[0]), np.zeros(len(at))
    spread = scores.std()
    # A length below a fifth of the range would follow single trials.
    kernel = kernels.ConstantKernel(1.0, (1e-2, 1e2)) * kernels.RBF(
        0.4, (0.2, 3.0)
    ) + kernels.WhiteKernel(0.1, (1e-3, 2.0))
    model = gaussian_process.GaussianProcessRegressor(
        kernel, n_restarts_optimizer=3, random_state=0
    )
    with warnings.catch_warnings():
        # That the likeliest length is at the end of its bounds is an answer.
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
        model.fit(
            np.reshape(places, (-1, 1)), (scores - scores.mean()) / spread
        )
    mean, deviation = model.predict(np.reshape(at, (-1, 1)), return_std=True)
    return scores.mean() + spread * mean, spread * deviation


@on_one_thread
def importance(places, scores, *, seed=0):
    """Measures which share of the differences between trials an option makes.

    A random forest is fitted to trials drawn with replacement. On the trials
    that were not drawn, the values of one option are shuffled: by how much
    its error grows is what it owes to this option. Repeated `REFITS` times.
    An option that makes no difference has a share about 0, below it as often
    as above; shares of options that act together do not add up to 1.

    Formula: share_k = (E (y - f(x with x_k shuffled))^2 - E (y - f(x))^2)
        / (2 var y), the total effect of x_k on f where f is exact.

    Args:
        places: `[trials, options]`, values in [0, 1] of their ranges.
        scores: `[trials]`.
        seed: Of draws, forests and shuffles.

    Returns:
        `(mean, deviation)`, `[options]` each, over the refits; None of fewer
        than `FEWEST_WEIGHED` trials, or of equal scores.

    Reference: Breiman 2001, section 10; Jansen 1999 for the total effect.
    """
    places, scores = np.asarray(places, float), np.asarray(scores, float)
    if len(scores) < FEWEST_WEIGHED or np.ptp(scores) == 0:
        return None
    generator = np.random.default_rng(seed)
    shares = []
    for refit in range(REFITS):
        drawn = generator.integers(0, len(scores), len(scores))
        left_out = np.setdiff1d(np.arange(len(scores)), drawn)
        # One trial left out cannot be shuffled.
        if len(left_out) < 2:
            continue
        forest = ensemble.RandomForestRegressor(TREES, random_state=refit)
        forest.fit(places[drawn], scores[drawn])
        shares.append(
            _growths(forest, places[left_out], scores[left_out], generator)
        )
    shares = np.array(shares) / (2 * scores.var())
    return shares.mean(axis=0), shares.std(axis=0, ddof=1)


def _growths(forest, places, scores, generator):
    """Returns by how much shuffling each option makes the error grow."""
    count, options = places.shape
    error = np.mean((scores - forest.predict(places)) ** 2)
    shuffled = np.tile(places, (options, SHUFFLES, 1, 1))
    for option in range(options):
        for turn in range(SHUFFLES):
            order = generator.permutation(count)
            shuffled[option, turn, :, option] = places[order, option]
    found = forest.predict(shuffled.reshape(-1, options))
    found = found.reshape(options, SHUFFLES, count)
    return np.mean((scores - found) ** 2, axis=(1, 2)) - error
