"""The runs of a comparison: every loss with every seed, else equal.

Like `recipe.py` it stands at the seam: it reads configs. TensorFlow is not
needed here.
"""

import dataclasses
import pathlib
import re
import shlex
from collections.abc import Iterable

from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.recipe import Plan, data_word, make_plan, open_run
from tfcmc.foundation.errors import UsageError
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import CIRCUMSTANCES, data_differences
from tfcmc.runs.record import identity_of, measured_by, read_metrics


@dataclasses.dataclass(frozen=True)
class Variant:
    """One row of a comparison to be: a loss with its settings.

    Attributes:
        settings: Setting name to value, the loss among them, the seed not.
        chosen: Names of the settings that a search chose for it, beside the
            loss's options; None where no search chose anything.
    """

    settings: dict
    chosen: tuple | None = None


@dataclasses.dataclass(frozen=True)
class Entry:
    """One run of a comparison; `chosen` is as in `Variant`."""

    plan: Plan
    run: Run
    chosen: tuple | None = None

    @property
    def label(self) -> str:
        """Its loss in short: the first option, and what is not default.

        Where a search chose it, "tuned" and what was chosen besides.
        """
        unusual = _unusual(self.plan.loss)
        told = [
            f"{option}={value}"
            for place, (option, value) in enumerate(
                self.plan.loss.options.items()
            )
            if place == 0 or option in unusual
        ]
        parts = [f"{self.plan.loss.name}({', '.join(told)})"]
        if self.chosen is not None:
            config = self.plan.config
            own = [f"{name}={getattr(config, name)}" for name in self.chosen]
            parts += ["tuned", *own]
        return ", ".join(parts)

    @property
    def seed(self) -> int:
        """Its seed."""
        return self.plan.config.seed

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.run.folder.name

    @property
    def epochs(self) -> int:
        """How many epochs it is to be trained for."""
        return self.plan.config.epochs

    def metrics(self):
        """Returns what its `metrics.json` holds, or None."""
        return read_metrics(self.run)

    def finished(self) -> bool:
        """Whether it was trained to the end and judged as it is to be."""
        found = self.metrics()
        return (
            found is not None
            and found.get("evaluate", "full")
            in ("full", self.plan.config.evaluate)
            and found["epochs"] == self.epochs
            and measured_by(found, dataclasses.asdict(self.plan.config))
        )

    def words(self) -> list[str]:
        """Returns the options that make `trainers.pretrain` this run."""
        config = dataclasses.asdict(self.plan.config)
        told = {name: config.pop(name) for name in ("loss", "data")}
        del config["preset"]  # what it sets is among the others
        standard = make_plan(PretrainConfig(**told), check_data=False).config
        for name, value in config.items():
            if value != getattr(standard, name):
                told[name] = value
        return [
            f"--{name.replace('_', '-')}={value}"
            for name, value in told.items()
        ]

    def command(self) -> str:
        """Returns the command that makes this run, for a shell."""
        return shlex.join(["python", "-m", "trainers.pretrain", *self.words()])


def plan_variants(
    variants: Iterable[Variant], seeds: Iterable[int], folder
) -> list[Entry]:
    """Plans every variant with every seed: equal in everything else.

    Args:
        folder: Where the runs are, each in a folder of its own; None for one
            named after the data.

    Returns:
        All variants at the first seed, then at the next.

    Raises:
        UsageError: if a name or an option is not known, a loss or a seed
            stands there twice, or a run's folder holds another experiment.
    """
    planned = [
        (
            make_plan(make_config({**variant.settings, "seed": seed})),
            variant.chosen,
        )
        for seed in seeds
        for variant in variants
    ]
    folder = folder or f"runs/{data_word(planned[0][0].data)}"
    entries = {}
    for plan, chosen in planned:
        name = folder_name(plan, chosen or ())
        if name in entries:
            raise UsageError(
                f"`losses` and `seeds` must be different. Received twice: "
                f"{plan.loss.spec}, seed {plan.config.seed}"
            )
        place = str(pathlib.Path(folder) / name)
        config = dataclasses.replace(plan.config, run_dir=place)
        plan = dataclasses.replace(plan, config=config)
        entries[name] = Entry(plan, open_run(plan), chosen)
    return list(entries.values())


def check_one_data(entries: list[Entry]) -> None:
    """Checks that trained runs were trained on the same pictures.

    Raises:
        UsageError: if two were not, or one does not say.
    """
    first, *rest = entries
    wanted = identity_of(first.run)["data"]
    for entry in rest:
        told = data_differences(identity_of(entry.run)["data"], wanted)
        if told:
            raise UsageError(
                f"`data` must be the same pictures for all runs. Received: "
                f"{entry.run.folder}, which had {told} as {first.name}"
            )


def folder_name(plan: Plan, chosen: Iterable[str] = ()) -> str:
    """Names a run by loss, options that are not the defaults, and seed.

    Args:
        chosen: Names of the settings that are this run's alone, told too.
    """
    own = {name: getattr(plan.config, name) for name in chosen}
    told = (_unusual(plan.loss) | own).items()
    parts = [plan.loss.name, *(str(part) for pair in told for part in pair)]
    return re.sub(r"[^\w.-]+", "_", "-".join([*parts, str(plan.config.seed)]))


def _unusual(loss):
    """Returns the options of a loss that are not its defaults."""
    defaults = loss.member.defaults()
    return {
        option: value
        for option, value in loss.options.items()
        if value != defaults[option]
    }


def shared_settings(entries: list[Entry]) -> dict:
    """Returns the settings that are equal in all runs, name to value."""
    chosen = {name for entry in entries for name in entry.chosen or ()}
    own = {*CIRCUMSTANCES, "loss", "seed", *chosen}
    settings = dataclasses.asdict(entries[0].plan.config)
    return {k: value for k, value in settings.items() if k not in own}
