"""KerasTuner behind one seam: what to try next, in the search's own words.

A tuner is always begun anew and told again what its trials came to: what it
saved of itself is not read. The same seed and the same scores make the same
proposals.
"""

import dataclasses
import random
import tempfile
import warnings

from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.threads import on_one_thread
from tfcmc.search.ranges import grid_of, rounded
from tfcmc.search.records import DONE, OBJECTIVES

keras_tuner = LazyModule("keras_tuner", needs_tensorflow=True)

DRAWS = 20  # at random, before a trial may repeat another
OWN = "tuner/"  # what begins the names of Hyperband's notes to itself


@dataclasses.dataclass(frozen=True)
class Proposal:
    """A trial to be run.

    Attributes:
        number: Of the trial.
        values: Name to value of what is searched.
        epochs: The epoch to train to.
        parent: Number of the trial to go on from, or None.
    """

    number: int
    values: dict
    epochs: int
    parent: int | None = None


class Tuner:
    """Proposes trials, and is told what they came to.

    Args:
        search: The `Search`.
        epochs: Epochs of a trial; with Hyperband, at most.
    """

    def __init__(self, search, epochs):
        self._space = search.space
        if search.tuner == "grid":
            self._space = grid_of(search.space, search.trials)
        self._objective = search.objective
        self._epochs = epochs
        self._aside = tempfile.TemporaryDirectory()
        self.oracle = self._oracle(search)
        self.oracle._set_project_dir(self._aside.name, "oracle")
        self.oracle.verbose = 0
        self._running = {}

    def propose(self, count):
        """Proposes trials that do not know of each other's scores.

        Args:
            count: How many, at most.

        Returns:
            `Proposal`s; fewer where the tuner waits for scores, none where
            there is nothing left to try.
        """
        proposals = []
        for slot in range(count):
            trial = quietly(self.oracle.create_trial)(f"slot {slot}")
            if trial.status != "RUNNING":
                break
            proposal = self.read(trial)
            self._running[proposal.number] = trial
            proposals.append(proposal)
        return proposals

    def tell(self, trial):
        """Tells what a proposed trial came to.

        Args:
            trial: The `Trial`.
        """
        running = self._running.pop(trial.number)
        if trial.status == DONE:
            score = trial.scores[self._objective]
            self.oracle.update_trial(
                running.trial_id, {self._objective: score}
            )
            running.status = "COMPLETED"
        else:
            running.status = "FAILED"
        self.oracle.end_trial(running)

    def _without_repeats(self, oracle):
        """Lets a Bayesian oracle draw at random where it would repeat itself.

        It sees no repetition in what is the same only once it is rounded.
        """
        populate = oracle.populate_space

        def unlike(trial_id):
            response = populate(trial_id)
            tried = [
                self._values(each.hyperparameters.values)
                for each in oracle.trials.values()
            ]
            draws = 0
            while draws < DRAWS and self._repeats(response["values"], tried):
                response = oracle._random_populate_space()
                draws += 1
            return response

        return unlike

    def _repeats(self, found, tried):
        return found is not None and self._values(found) in tried

    def _values(self, found):
        """The values searched, as a trial is given them."""
        return {
            name: _decoded(span, found[name])
            for name, span in self._space.items()
        }

    def read(self, trial):
        """Reads a trial of KerasTuner's as a `Proposal`."""
        found = trial.hyperparameters.values
        parent = found.get(OWN + "trial_id")
        return Proposal(
            number=int(trial.trial_id),
            values=self._values(found),
            epochs=found.get(OWN + "epochs", self._epochs),
            parent=None if parent is None else int(parent),
        )

    def _oracle(self, search):
        common = {
            "objective": keras_tuner.Objective(
                search.objective, OBJECTIVES[search.objective]
            ),
            "hyperparameters": _hyperparameters(self._space),
            "seed": spread(search.seed),
            "max_consecutive_failed_trials": search.trials + 1,
        }
        oracles = keras_tuner.oracles
        if search.tuner == "hyperband":
            # One sweep over the brackets after the other, while the budget
            # lasts.
            return oracles.HyperbandOracle(
                max_epochs=self._epochs, hyperband_iterations=None, **common
            )
        kinds = {
            "bayesian": oracles.BayesianOptimizationOracle,
            "random": oracles.RandomSearchOracle,
            "grid": oracles.GridSearchOracle,
        }
        oracle = kinds[search.tuner](max_trials=None, **common)
        if search.tuner == "bayesian":
            oracle.populate_space = self._without_repeats(oracle)
        if search.tuner == "grid":
            oracle.populate_space = _without_waiting(oracle)
        return oracle


def spread(seed):
    """Returns a seed for KerasTuner, far from those of other seeds.

    It takes 0 for none, and draws by the seed, the seed plus 1, plus 2, ...:
    searches of neighbouring seeds would try the same values.
    """
    return random.Random(seed).randrange(1, 2**31)


def quietly(create):
    """Keeps KerasTuner from warning, and from taking more than one thread.

    Args:
        create: An oracle's `create_trial`.

    Returns:
        The same function.
    """

    @on_one_thread
    def created(slot):
        with warnings.catch_warnings():
            # Of fits to few points, which scikit-learn takes for suspicious.
            warnings.simplefilter("ignore")
            return create(slot)

    return created


def _without_waiting(oracle):
    """Lets a grid go on before its last trial has ended.

    KerasTuner waits, in case a trial declares more to search.
    """
    populate = oracle.populate_space

    def at_once(trial_id):
        response = populate(trial_id)
        if response["status"] == "RUNNING":
            oracle._populate_next.append(trial_id)
        return response

    return at_once


def _hyperparameters(space):
    """Declares a space to KerasTuner, choices by their numbers.

    It takes choices of one type only, and True for 1.
    """
    declared = keras_tuner.HyperParameters()
    for name, span in space.items():
        if "choices" in span:
            declared.Choice(name, list(range(len(span["choices"]))))
            continue
        kind = declared.Int if span.get("whole") else declared.Float
        kind(name, span["low"], span["high"], sampling=span["scale"])
    return declared


def _decoded(span, value):
    if "choices" in span:
        return span["choices"][value]
    return rounded(span, value)
