"""KerasTuner behind one seam: what to try next, in the search's own words.

A tuner is always begun anew and told again what its trials came to: what it
saved of itself is not read. The same seed and the same scores make the same
proposals.
"""

import random
import tempfile
import warnings

from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.threads import on_one_thread
from tfcmc.searches.records import (
    DONE,
    OBJECTIVES,
    RUNNING,
    STOPPED,
    Search,
    Trial,
)
from tfcmc.searches.space import grid_of, rounded

keras_tuner = LazyModule("keras_tuner", needs_tensorflow=True)

DRAWS = 20  # at random, before a trial may repeat another
OWN = "tuner/"  # what begins the names of Hyperband's notes to itself
DIRECTIONS = {"higher": "max", "lower": "min"}


class Tuner:
    """Proposes trials, and is told what they came to.

    Args:
        search: What is searched for, its objective settled.
        epochs: Epochs of a trial; with Hyperband, at most.
    """

    def __init__(self, search: Search, epochs: int):
        self._space = search.space
        if search.tuner == "grid":
            self._space = grid_of(search.space, search.trials)
        self._objective = search.objective
        self._epochs = epochs
        self._aside = tempfile.TemporaryDirectory()
        self.oracle = self._make_oracle(search)
        self.oracle._set_project_dir(self._aside.name, "oracle")
        self.oracle.verbose = 0
        self._running = {}
        self._worst = None

    def propose(self, count: int) -> list[Trial]:
        """Proposes trials that do not know of each other's scores.

        Returns:
            `count` of them; fewer where the tuner waits for scores, none
            where there is nothing left to try.
        """
        proposals = []
        for slot in range(count):
            proposed = quietly(self.oracle.create_trial)(f"slot {slot}")
            if proposed.status != "RUNNING":
                break
            proposals.append(self.read(proposed))
            self._running[proposals[-1].number] = proposed
        return proposals

    def tell(self, trial: Trial) -> None:
        """Tells what a proposed trial came to.

        One that was stopped is told as the worst that ended.
        """
        running = self._running.pop(trial.number)
        running.status = "FAILED"
        score = self._worst if trial.status == STOPPED else None
        if trial.status == DONE:
            score = trial.scores[self._objective]
            rating = OBJECTIVES[self._objective].rating
            known = score if self._worst is None else self._worst
            self._worst = min(known, score, key=rating)
        if score is not None:
            self.oracle.update_trial(
                running.trial_id, {self._objective: score}
            )
            running.status = "COMPLETED"
        self.oracle.end_trial(running)

    def read(self, proposed) -> Trial:
        """Reads a trial of KerasTuner's."""
        found = proposed.hyperparameters.values
        parent = found.get(OWN + "trial_id")
        return Trial(
            number=int(proposed.trial_id),
            values=self._values(found),
            epochs=found.get(OWN + "epochs", self._epochs),
            parent=None if parent is None else int(parent),
            status=RUNNING,
        )

    def _values(self, found):
        """The values searched, as a trial is given them."""
        return {
            name: span["choices"][found[name]]
            if "choices" in span
            else rounded(span, found[name])
            for name, span in self._space.items()
        }

    def _make_oracle(self, search):
        """Makes KerasTuner's oracle of this space, objective and seed."""
        oracles = keras_tuner.oracles
        direction = DIRECTIONS[OBJECTIVES[search.objective].better]
        common = {
            "objective": keras_tuner.Objective(search.objective, direction),
            "hyperparameters": _hyperparameters(self._space),
            # It takes 0 for none, and draws by the seed, the seed plus 1,
            # plus 2: searches of neighbouring seeds would try the same.
            "seed": random.Random(search.seed).randrange(1, 2**31),
            "max_consecutive_failed_trials": search.trials + 1,
        }
        if search.tuner == "hyperband":
            # One sweep over the brackets after the other, while the budget
            # lasts.
            return oracles.HyperbandOracle(
                max_epochs=self._epochs, hyperband_iterations=None, **common
            )
        common["max_trials"] = None
        if search.tuner == "random":
            return oracles.RandomSearchOracle(**common)
        if search.tuner == "grid":
            oracle = oracles.GridSearchOracle(**common)
            oracle.populate_space = _without_waiting(oracle)
            return oracle
        oracle = oracles.BayesianOptimizationOracle(**common)
        oracle.populate_space = self._without_repeats(oracle)
        return oracle

    def _without_repeats(self, oracle):
        """Lets a Bayesian oracle draw at random where it repeats itself."""
        # It sees no repetition in what is the same only once it is rounded.
        populate = oracle.populate_space

        def unlike(trial_id):
            response = populate(trial_id)
            tried = [
                self._values(each.hyperparameters.values)
                for each in oracle.trials.values()
            ]
            for _ in range(DRAWS):
                found = response["values"]
                if found is None or self._values(found) not in tried:
                    break
                response = oracle._random_populate_space()
            return response

        return unlike


def quietly(create):
    """Keeps an oracle's `create_trial` from warning, and on one thread."""

    @on_one_thread
    def created(slot):
        with warnings.catch_warnings():
            # Of fits to few points, which scikit-learn takes for suspicious.
            warnings.simplefilter("ignore")
            return create(slot)

    return created


def _without_waiting(oracle):
    """Lets a grid go on before its last trial has ended."""
    # KerasTuner waits, in case a trial declares more to search.
    populate = oracle.populate_space

    def at_once(trial_id):
        response = populate(trial_id)
        if response["status"] == "RUNNING":
            oracle._populate_next.append(trial_id)
        return response

    return at_once


def _hyperparameters(space):
    """Declares a space to KerasTuner."""
    declared = keras_tuner.HyperParameters()
    for name, span in space.items():
        if "choices" in span:
            # By number: it takes those of one type only, and True for 1.
            declared.Choice(name, list(range(len(span["choices"]))))
            continue
        kind = declared.Int if span.get("whole") else declared.Float
        kind(name, span["low"], span["high"], sampling=span["scale"])
    return declared
