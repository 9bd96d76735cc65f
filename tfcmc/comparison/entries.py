"""The runs of a comparison: every loss with every seed, else equal.

Like `plan.py` it stands at the seam: it reads configs. TensorFlow is not
needed here.
"""

import dataclasses
import pathlib
import re
import shlex

from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.recipe import data_word, make_plan, open_run
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
    """One run of a comparison.

    Attributes:
        plan: Its `Plan`.
        run: Its `Run`.
        chosen: As in `Variant`.
    """

    plan: object
    run: Run
    chosen: tuple | None = None

    @property
    def loss(self):
        """The spec of its loss, in full."""
        return self.plan.loss.spec

    @property
    def label(self):
        """Its loss in short: the first option, and what is not default.

        Where a search chose it, "tuned" and what was chosen besides.
        """
        defaults = self.plan.loss.member.defaults()
        told = [
            f"{option}={value}"
            for number, (option, value) in enumerate(
                self.plan.loss.options.items()
            )
            if number == 0 or value != defaults[option]
        ]
        parts = [f"{self.plan.loss.name}({', '.join(told)})"]
        if self.chosen is not None:
            parts.append("tuned")
            parts += [f"{name}={value}" for name, value in self._own.items()]
        return ", ".join(parts)

    @property
    def _own(self):
        """Setting name to value, of those that a search chose for it."""
        return {
            name: getattr(self.plan.config, name) for name in self.chosen or ()
        }

    @property
    def seed(self):
        """Its seed."""
        return self.plan.config.seed

    @property
    def name(self):
        """The name of its folder."""
        return self.run.folder.name

    @property
    def epochs(self):
        """How many epochs it is to be trained for."""
        return self.plan.config.epochs

    def metrics(self):
        """Returns what its `metrics.json` holds, or None."""
        return read_metrics(self.run)

    def finished(self):
        """Whether it was trained to the end and judged as it is to be."""
        found = self.metrics()
        return (
            found is not None
            and found.get("evaluate", "full")
            in ("full", self.plan.config.evaluate)
            and found["epochs"] == self.epochs
            and measured_by(found, dataclasses.asdict(self.plan.config))
        )

    def words(self):
        """Returns the options that make `trainers.pretrain` this run."""
        config = self.plan.config
        standard = make_plan(
            PretrainConfig(loss=config.loss, data=config.data),
            check_data=False,
        ).config
        words = [f"--loss={config.loss}", f"--data={config.data}"]
        for field in dataclasses.fields(PretrainConfig):
            value = getattr(config, field.name)
            if field.name in ("loss", "data", "preset"):
                continue
            if value != getattr(standard, field.name):
                option = field.name.replace("_", "-")
                words.append(f"--{option}={value}")
        return words

    def command(self):
        """Returns the command that makes this run, for a shell."""
        return shlex.join(["python", "-m", "trainers.pretrain", *self.words()])


def plan_comparison(losses, seeds, settings, folder):
    """Plans every loss with every seed: equal in everything else.

    Args:
        losses: Specs of losses.
        seeds: Whole numbers.
        settings: The settings given besides, name to value.
        folder: Where the runs are, each in a folder of its own; None for one
            named after the data.

    Returns:
        `Entry`s: all losses at the first seed, then at the next.

    Raises:
        UsageError: if a name or an option is not known, a loss or a seed
            stands there twice, or a run's folder holds another experiment.
    """
    variants = [Variant({**settings, "loss": loss}) for loss in losses]
    return plan_variants(variants, seeds, folder)


def plan_variants(variants, seeds, folder):
    """Plans every variant with every seed.

    Args:
        variants: `Variant`s.
        seeds: Whole numbers.
        folder: As in `plan_comparison`.

    Returns:
        `Entry`s: all variants at the first seed, then at the next.

    Raises:
        UsageError: as `plan_comparison`.
    """
    planned = [
        (
            make_plan(make_config({**variant.settings, "seed": seed})),
            variant.chosen,
        )
        for seed in seeds
        for variant in variants
    ]
    data = planned[0][0].data
    folder = pathlib.Path(folder or f"runs/{data_word(data)}")
    entries, names = [], set()
    for plan, chosen in planned:
        name = folder_name(plan, chosen or ())
        if name in names:
            raise UsageError(
                f"`losses` and `seeds` must be different. Received twice: "
                f"{plan.loss.spec}, seed {plan.config.seed}"
            )
        names.add(name)
        config = dataclasses.replace(plan.config, run_dir=str(folder / name))
        plan = dataclasses.replace(plan, config=config)
        entries.append(Entry(plan, open_run(plan), chosen))
    return entries


def check_one_data(entries):
    """Checks that runs were trained on the same pictures.

    Args:
        entries: `Entry`s of one comparison, trained.

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


def folder_name(plan, chosen=()):
    """Makes a name of what tells one run of a comparison from the others.

    Args:
        plan: Its `Plan`.
        chosen: Names of the settings that are this run's alone.

    Returns:
        Loss, options that are not the defaults, those settings, and seed.
    """
    defaults = plan.loss.member.defaults()
    parts = [plan.loss.name]
    for option, value in plan.loss.options.items():
        if value != defaults[option]:
            parts += [option, str(value)]
    for name in chosen:
        parts += [name, str(getattr(plan.config, name))]
    parts.append(str(plan.config.seed))
    return re.sub(r"[^\w.-]+", "_", "-".join(parts))


def shared_settings(entries):
    """Returns the settings that are equal in all runs, name to value."""
    settings = dataclasses.asdict(entries[0].plan.config)
    chosen = {name for entry in entries for name in entry.chosen or ()}
    for name in (*CIRCUMSTANCES, "loss", "seed", *chosen):
        settings.pop(name, None)
    return settings
