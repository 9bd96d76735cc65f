"""Every loss with every seed on equal terms: the runs, and what they say.

Like `plan.py` it stands at the seam: it reads configs, and hands plain records
down. TensorFlow is not needed here.
"""

import dataclasses
import pathlib
import re
import shlex

import numpy as np

from tfcmc.checks import UsageError
from tfcmc.config import PretrainConfig, make_config
from tfcmc.plan import CIRCUMSTANCES, data_word, make_plan, open_run
from tfcmc.report import Cell, Column, Row
from tfcmc.runs import Run

# Of the paper's Table 1, on STL-10: accuracy, uniformity, alignment.
PAPER_TABLE = {
    "spring-like": (22.9, -0.012, 2.0),
    "triplet": (34.3, -0.516, 0.0473),
    "softmax": (48.1, -2.214, 0.686),
    "NCE": (41.8, -2.636, 0.374),
}
COLUMNS = (
    Column("linear_probe", "linear probe", "%", 1, "higher", "linear"),
    Column("mlp_head", "MLP head", "%", 1, "higher", "MLP"),
    Column("knn", "kNN", "%", 1, "higher"),
    Column("plain_head", "plain head", "%", 1, "higher", "plain"),
    Column("alignment", "alignment", "", 3, "", "align."),
    Column("uniformity", "uniformity", "", 3, "", "unif."),
    Column("effective_rank", "effective rank", "", 0, "", "rank"),
    Column("seconds", "training", "s", 0, "", "seconds"),
)
PROBES = ("linear_probe", "mlp_head", "knn", "plain_head")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One run of a comparison.

    Attributes:
        plan: Its `Plan`.
        run: Its `Run`.
    """

    plan: object
    run: Run

    @property
    def loss(self):
        """The spec of its loss, in full."""
        return self.plan.loss.spec

    @property
    def label(self):
        """Its loss in short: the first option, and what is not default."""
        defaults = self.plan.loss.member.defaults()
        told = [
            f"{option}={value}"
            for number, (option, value) in enumerate(
                self.plan.loss.options.items()
            )
            if number == 0 or value != defaults[option]
        ]
        return f"{self.plan.loss.name}({', '.join(told)})"

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
        return self.run.read_json("metrics.json")

    def finished(self):
        """Whether it was trained to the end and judged."""
        found = self.metrics()
        return found is not None and found["epochs"] == self.epochs

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
    plans = [
        make_plan(make_config({**settings, "loss": loss, "seed": seed}))
        for seed in seeds
        for loss in losses
    ]
    folder = pathlib.Path(folder or f"runs/{data_word(plans[0].data)}")
    entries, names = [], set()
    for plan in plans:
        name = folder_name(plan)
        if name in names:
            raise UsageError(
                f"`losses` and `seeds` must be different. Received twice: "
                f"{plan.loss.spec}, seed {plan.config.seed}"
            )
        names.add(name)
        config = dataclasses.replace(plan.config, run_dir=str(folder / name))
        plan = dataclasses.replace(plan, config=config)
        entries.append(Entry(plan, open_run(plan)))
    return entries


def folder_name(plan):
    """Returns loss, options that are not the defaults, and seed, as a name."""
    defaults = plan.loss.member.defaults()
    parts = [plan.loss.name]
    for option, value in plan.loss.options.items():
        if value != defaults[option]:
            parts += [option, str(value)]
    parts.append(str(plan.config.seed))
    return re.sub(r"[^\w.-]+", "_", "-".join(parts))


def numbers(judged):
    """Returns column key to number of one kind of judged features."""
    found = {
        name: 100 * judged[name]["accuracy"]
        for name in PROBES
        if name in judged
    }
    if "sphere" in judged:
        found |= {
            name: judged["sphere"][name]
            for name in ("alignment", "uniformity", "effective_rank")
        }
    return found


def table_rows(entries):
    """Makes the table: raw pixels, untrained encoders, then every loss.

    Args:
        entries: Finished `Entry`s.

    Returns:
        `Row`s, the losses in the order given.
    """
    by_loss, controls = {}, {"raw": {}, "untrained": {}}
    for entry in entries:
        metrics = entry.metrics()
        seconds = sum(row["seconds"] for row in entry.run.read_history())
        by_loss.setdefault(entry.label, []).append(
            numbers(metrics) | {"seconds": seconds}
        )
        controls["untrained"][entry.seed] = numbers(metrics["untrained"])
        if "raw_pixels" in metrics:
            controls["raw"][entry.seed] = numbers(metrics["raw_pixels"])
    labels = {"raw": "raw pixels", "untrained": "untrained encoders"}
    rows = [
        Row(labels[kind], kind, cells(list(by_seed.values())))
        for kind, by_seed in controls.items()
        if by_seed
    ]
    rows += [
        Row(loss, "loss", cells(found)) for loss, found in by_loss.items()
    ]
    return rows


def cells(found):
    """Sums up the seeds of one row.

    Args:
        found: Dicts of column key to number, one a seed.

    Returns:
        Column key to `Cell`: mean and sample standard deviation.
    """
    result = {}
    for key in found[0]:
        values = np.array([one[key] for one in found])
        result[key] = Cell(
            mean=float(values.mean()),
            deviation=float(values.std(ddof=1)) if len(values) > 1 else None,
            count=len(values),
        )
    return result


def paper_rows():
    """Returns the paper's Table 1: one run each, its own head."""
    return [
        Row(
            label,
            "loss",
            {
                "plain_head": Cell(accuracy),
                "alignment": Cell(alignment),
                "uniformity": Cell(uniformity),
            },
        )
        for label, (accuracy, uniformity, alignment) in PAPER_TABLE.items()
    ]


def shared_settings(entries):
    """Returns the settings that are equal in all runs, name to value."""
    settings = dataclasses.asdict(entries[0].plan.config)
    for name in (*CIRCUMSTANCES, "loss", "seed"):
        del settings[name]
    return settings
