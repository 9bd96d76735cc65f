"""The runs of a comparison: every row with every seed, else equal.

A row is what its settings name it by: a loss, a preset, or a loss in the frame
of a preset.

Like `recipe.py` it stands at the seam: it reads configs. TensorFlow is not
needed here.
"""

import dataclasses
import pathlib
import re
import shlex
from collections.abc import Iterable

from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import (
    Plan,
    as_begun,
    data_word,
    make_plan,
    open_run,
)
from tfcmc.foundation.errors import UsageError, must
from tfcmc.foundation.text import options
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import CIRCUMSTANCES, READ_BY, data_differences
from tfcmc.runs.record import (
    identity_of,
    measured_by,
    read_history,
    read_metrics,
)


@dataclasses.dataclass(frozen=True)
class Variant:
    """One row of a comparison to be."""

    settings: dict  # setting name to value, but for the seed
    # Names of the settings that a search chose for it, beside the loss's
    # options; None where no search chose anything.
    chosen: tuple | None = None
    # The settings that tell it from the other rows, of "preset" and "loss".
    named_by: tuple = ("loss",)
    name: str = ""  # what it is called in their place, where it has a name


@dataclasses.dataclass(frozen=True)
class Entry:
    """One run of a comparison, at one of the seeds of its row."""

    plan: Plan
    run: Run
    row: Variant

    @property
    def named_by(self) -> tuple:
        """The settings that tell its row from the others."""
        return self.row.named_by

    @property
    def label(self) -> str:
        """What names its row: preset, loss, or both; or what it is called.

        Where a search chose it, "tuned" and what was chosen besides.
        """
        if self.row.name:
            return self.row.name
        config, parts = self.plan.config, []
        if "preset" in self.named_by:
            parts.append(config.preset)
        if "loss" in self.named_by:
            parts.append(self._loss())
        if (chosen := self.row.chosen) is not None:
            own = [f"{name}={getattr(config, name)}" for name in chosen]
            parts += ["tuned", *own]
        return ", ".join(parts)

    def _loss(self):
        """Its loss in short: the first option, and what is not default."""
        unusual = self.plan.loss.changed
        told = [
            f"{option}={value}"
            for place, (option, value) in enumerate(
                self.plan.loss.options.items()
            )
            if place == 0 or option in unusual
        ]
        return f"{self.plan.loss.name}({', '.join(told)})"

    @property
    def pictures(self) -> tuple:
        """What decides on its pictures, and by what they are known."""
        return tuple(getattr(self.plan.config, name) for name in READ_BY)

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

    def seconds(self) -> float:
        """Returns how long it was trained for."""
        return sum(row["seconds"] for row in read_history(self.run))

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

    def settled(self) -> "Entry":
        """Returns it with what was settled when its training began."""
        return dataclasses.replace(self, plan=as_begun(self.plan))

    def words(self) -> list[str]:
        """Returns the options that make `tfcmc pretrain` this run."""
        config = dataclasses.asdict(self.plan.config)
        named = ("preset", "data") if config["preset"] else ("loss", "data")
        told = {name: config.pop(name) for name in named}
        standard = make_plan(make_config(told), check_data=False).config
        config.pop("preset", None)
        for name, value in config.items():
            # Epochs that are not settled yet cannot be told.
            if value not in (None, getattr(standard, name)):
                told[name] = value
        return options(told)

    def command(self) -> str:
        """Returns the command that makes this run, for a shell."""
        return shlex.join(["tfcmc", "pretrain", *self.words()])


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
            # What its folder holds is asked once that is known.
            make_plan(
                make_config({**variant.settings, "seed": seed}), begun=False
            ),
            variant,
        )
        for seed in seeds
        for variant in variants
    ]
    _check_epochs(
        [n.config for n, each in planned if "preset" in each.named_by]
    )
    folder = folder or f"runs/{data_word(planned[0][0].data)}"
    entries = {}
    for plan, variant in planned:
        name = folder_name(plan, variant)
        if name in entries:
            words = " and ".join(map(_plural, variant.named_by))
            if variant.name:
                words = "The names of levels"
            raise UsageError(
                f"{words} and `seeds` must be different. Received twice: "
                f"{name}"
            )
        place = str(pathlib.Path(folder) / name)
        config = dataclasses.replace(plan.config, run_dir=place)
        plan = as_begun(dataclasses.replace(plan, config=config))
        run = open_run(plan, restart=False)
        entries[name] = Entry(plan, run, variant)
    return list(entries.values())


def _plural(setting):
    return {"loss": "`losses`", "preset": "`presets`"}[setting]


def _check_epochs(configs):
    """Refuses rows that train for unequal epochs."""
    epochs = sorted({each.epochs for each in configs if not each.budget})
    if len(epochs) > 1:
        raise must(
            "epochs",
            "given where presets have different ones",
            " and ".join(map(str, epochs)),
        )


def check_one_data(entries: list[Entry]) -> None:
    """Checks that trained runs were trained on the same pictures.

    Args:
        entries: Of equal `pictures`.

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


def folder_name(plan: Plan, row: Variant) -> str:
    """Names a run by what names its row, and the seed.

    A loss by its name and the options that are not the defaults; beside it
    what a search chose.
    """
    config, parts = plan.config, []
    told = {name: getattr(config, name) for name in row.chosen or ()}
    if "preset" in row.named_by:
        parts.append(config.preset)
    if "loss" in row.named_by:
        parts.append(plan.loss.name)
        told = plan.loss.changed | told
    parts += [str(part) for pair in told.items() for part in pair]
    words = [row.name] if row.name else parts
    return re.sub(r"[^\w.-]+", "_", "-".join([*words, str(config.seed)]))


def shared_settings(entries: list[Entry]) -> dict:
    """Returns the settings that are equal in all runs, name to value."""
    first, *rest = (dataclasses.asdict(each.plan.config) for each in entries)
    chosen = {name for entry in entries for name in entry.row.chosen or ()}
    own = {*CIRCUMSTANCES, "loss", "seed", *chosen} - {"init"}
    return {
        name: value
        for name, value in first.items()
        if name not in own and all(each[name] == value for each in rest)
    }
