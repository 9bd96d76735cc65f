"""What trials say of a whole range: a smooth estimate, and importance."""

import warnings

import numpy as np

from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.threads import on_one_thread

exceptions = LazyModule("sklearn.exceptions")
gaussian_process = LazyModule("sklearn.gaussian_process")
kernels = LazyModule("sklearn.gaussian_process.kernels")

FEWEST_SMOOTHED = 5  # trials at different places; fewer show themselves
FEWEST_WEIGHED = 10  # trials; of fewer a share could be anything
MOST_WEIGHED = 100  # trials; of more a draw of as many says enough
# What the importance of options is drawn from, of scores of deviation 1.
LENGTHS = (0.15, 30.0)  # of the range; beyond a few an option does nothing
SIGNALS = (0.1, 10.0)
NOISES = (1e-3, 1.0)
CANDIDATES = 2000
FUNCTIONS = 100
MOVES = 60
WAVES = 300
POINTS = 400


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
    # A length below a fifth of the range would follow single trials.
    kernel = kernels.ConstantKernel(1.0, (1e-2, 1e2)) * kernels.RBF(
        0.4, (0.2, 3.0)
    ) + kernels.WhiteKernel(0.1, (1e-3, 2.0))
    model = gaussian_process.GaussianProcessRegressor(
        kernel, n_restarts_optimizer=3, normalize_y=True, random_state=0
    )
    with warnings.catch_warnings():
        # That the likeliest length is at the end of its bounds is an answer.
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
        model.fit(np.reshape(places, (-1, 1)), scores)
    return model.predict(np.reshape(at, (-1, 1)), return_std=True)


@on_one_thread
def importance(places, scores, levels, *, seed=0):
    """Estimates which share of the differences between trials an option makes.

    Trials are few, so that many functions may lie behind them: Gaussian
    processes with a length of influence an option and with noise, weighed by
    how well they explain the trials. The share is that of the functions drawn
    from them, over values spread evenly over what is searched; its interval
    holds what the trials leave open. Shares of options that act together do
    not add up to 1.

    Formula: share_k = E (f(x) - f(x with another x_k))^2
        / (2 (var f + var noise)), the total effect of x_k on f.

    Args:
        places: `[trials, options]`, values in [0, 1] of their ranges.
        scores: `[trials]`.
        levels: For each option the places it can take, or None for all.
        seed: Of the draws.

    Returns:
        `(mean, low, high)`, `[options]` each: the ends are of the middle 95 %;
        None of fewer than `FEWEST_WEIGHED` trials, or of equal scores.

    Reference: Rasmussen and Williams 2006, chapter 5, for the weights; Jansen
        1999 for the total effect; Wilson et al. 2020 for the drawn functions.
    """
    places, scores = np.asarray(places, float), np.asarray(scores, float)
    if len(scores) < FEWEST_WEIGHED or np.ptp(scores) == 0:
        return None
    generator = np.random.default_rng(seed)
    if len(scores) > MOST_WEIGHED:
        kept = generator.permutation(len(scores))[:MOST_WEIGHED]
        places, scores = places[kept], scores[kept]
    scores = (scores - scores.mean()) / scores.std()
    shares = [
        _total_effects(parts, places, scores, levels, generator)
        for parts in np.exp(_processes(places, scores, generator))
    ]
    low, high = np.quantile(shares, [0.025, 0.975], axis=0)
    return np.mean(shares, axis=0), low, high


def _processes(places, scores, generator):
    """Draws logarithms of lengths, signal and noise, as trials have them."""
    # Of many drawn from all there are, the likely ones; then moved about by
    # Metropolis's rule: [FUNCTIONS, options + 2].
    low, high = np.log([*[LENGTHS] * places.shape[1], SIGNALS, NOISES]).T
    drawn = generator.uniform(low, high, (CANDIDATES, len(low)))
    likely = _log_likelihood(drawn, places, scores)
    weights = np.exp(likely - likely.max())
    chosen = generator.choice(CANDIDATES, FUNCTIONS, p=weights / weights.sum())
    drawn, likely = drawn[chosen], likely[chosen]
    for _ in range(MOVES):
        size = generator.choice([0.1, 0.3, 1.0], (FUNCTIONS, 1))
        moved = drawn + size * generator.normal(size=drawn.shape)
        inside = ((moved >= low) & (moved <= high)).all(axis=1)
        moved = np.where(inside[:, None], moved, drawn)
        other = _log_likelihood(moved, places, scores)
        better = np.log(generator.uniform(size=FUNCTIONS)) < other - likely
        drawn[better], likely[better] = moved[better], other[better]
    return drawn


def _log_likelihood(logarithms, places, scores):
    """Returns `[processes]`, of the scores given each, up to a constant."""
    factor = np.linalg.cholesky(_covariance(np.exp(logarithms), places))
    white = np.linalg.solve(
        factor, np.broadcast_to(scores[:, None], (*factor.shape[:2], 1))
    )
    diagonal = np.diagonal(factor, axis1=1, axis2=2)
    return -0.5 * (white**2).sum(axis=(1, 2)) - np.log(diagonal).sum(axis=1)


def _covariance(parts, places):
    """Returns `[processes, trials, trials]`, noise among it."""
    lengths, signal, noise = parts[:, None, :-2], parts[:, -2], parts[:, -1]
    scaled = places / lengths
    square = (scaled**2).sum(axis=2)
    square = (
        square[:, :, None]
        + square[:, None]
        - 2 * (scaled @ scaled.swapaxes(1, 2))
    )
    smooth_part = signal[:, None, None] * np.exp(-0.5 * square)
    return smooth_part + noise[:, None, None] * np.eye(len(places))


def _total_effects(parts, places, scores, levels, generator):
    """Returns each option's share of one function drawn from a process."""
    function = _drawn_function(parts, places, scores, generator)

    def spread():
        at = generator.uniform(size=(POINTS, len(levels)))
        for option, known in enumerate(levels):
            if known is not None:
                at[:, option] = generator.choice(known, POINTS)
        return at

    first, other = spread(), spread()
    values = function(first)
    effects = np.empty(len(levels))
    for option in range(len(levels)):
        changed = first.copy()
        changed[:, option] = other[:, option]
        effects[option] = np.mean((values - function(changed)) ** 2) / 2
    return effects / (values.var() + parts[-1])


def _drawn_function(parts, places, scores, generator):
    """Draws a function of a process that goes by the trials."""
    # One of the process before any trial, as a sum of waves, and what the
    # trials correct of it.
    lengths, signal, noise = parts[:-2], parts[-2], parts[-1]
    waves = generator.normal(size=(WAVES, len(lengths))) / lengths
    phases = generator.uniform(0, 2 * np.pi, WAVES)
    heights = generator.normal(size=WAVES) * np.sqrt(2 * signal / WAVES)

    def before(at):
        return np.cos(at @ waves.T + phases) @ heights

    error = generator.normal(size=len(scores)) * np.sqrt(noise)
    covariance = _covariance(parts[None], places)[0]
    missed = np.linalg.solve(covariance, scores - before(places) - error)

    def function(at):
        apart = (at[:, None] - places) / lengths
        near = signal * np.exp(-0.5 * (apart**2).sum(axis=2))
        return before(at) + near @ missed

    return function
