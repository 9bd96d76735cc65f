"""What a preset is, and how what a user gives goes on top of it."""

import dataclasses
import math

from tfcmc.experiment.refusals import CLUSTERING, PREDICTION, kind_of
from tfcmc.foundation.registry import parse_spec
from tfcmc.losses import LOSSES

# What a row says of one axis is of no use where another has been given: SGD's
# learning rate to Adam, a crop to views that crop by themselves.
BELONGS = {
    "learning_rate": "optimizer",
    "warmup": "schedule",
    "crop": "views",
    "geometry": "views",
    "flip": "views",
}
# And what a row has for losses of some kinds is of no use to others.
KINDS = {
    ("negatives", "none"): (PREDICTION, CLUSTERING),
    ("pairs", "assigned"): (CLUSTERING,),
}


@dataclasses.dataclass(frozen=True)
class Rate:
    """A rule that makes the learning rate of the batch size."""

    base: float  # what is multiplied
    root: bool = False  # by the batch size's root, or by a 256th of it

    def of(self, batch_size: int) -> float:
        """Returns the learning rate of a batch size."""
        factor = math.sqrt(batch_size) if self.root else batch_size / 256
        return self.base * factor

    @property
    def words(self) -> str:
        """The rule as a formula."""
        by = "sqrt(batch size)" if self.root else "batch size / 256"
        return f"{self.base:g} * {by}"


@dataclasses.dataclass(frozen=True)
class Preset:
    """One method: a row of settings, and the recipe that it is made after."""

    line: str  # what it does, in a sentence
    reference: str  # the paper, and the code that was read, with its commit
    settings: dict  # setting name to value
    rate: Rate | None = None  # None where `settings` has a learning rate
    # Setting name to what the authors have, where that is something else.
    letter: dict = dataclasses.field(default_factory=dict)
    why: str = ""  # why they are other here; "" where none is
    # What a bare name of a loss means in it.
    losses: dict = dataclasses.field(default_factory=dict)

    def applied(self, given: dict) -> dict:
        """Returns its settings with what is given on top.

        Args:
            given: Setting name to value, only those given.
        """
        kept = {
            name: value
            for name, value in self.settings.items()
            if self._serves(name, value, given)
        }
        if {"budget", "steps"} & given.keys():
            kept.pop("epochs", None)
        found = {**kept, **given}
        if self.ruled(given):
            found["learning_rate"] = self.rate.of(found["batch_size"])
        if "loss" in found:
            found["loss"] = self.losses.get(found["loss"], found["loss"])
        return found

    def ruled(self, given: dict) -> bool:
        """Whether its rule makes the learning rate beside what is given."""
        return (
            self.rate is not None
            and "learning_rate" not in given
            and self._serves("learning_rate", None, given)
        )

    def decides(self) -> set:
        """Returns the names of the settings that it has a value for."""
        return {*self.settings, *(["learning_rate"] if self.rate else [])}

    def _serves(self, setting, value, given):
        """Whether a setting of the row is of use beside what is given."""
        kinds = KINDS.get((setting, value))
        if kinds and "loss" in given:
            return kind_of(LOSSES.lookup(given["loss"]).member) in kinds
        axis = BELONGS.get(setting)
        if axis not in given or axis not in self.settings:
            return True
        ours, theirs = (
            parse_spec(each[axis], axis)[0] for each in (self.settings, given)
        )
        return ours == theirs
