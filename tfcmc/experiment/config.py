"""What an experiment is: one frozen record of plain values.

It imports neither TensorFlow nor Keras, is made from the command line, and
is saved as `config.json` in the run folder.
"""

import dataclasses

from tfcmc.experiment.presets import find_preset
from tfcmc.foundation.errors import check_text, must, unknown
from tfcmc.foundation.registry import Choice, Flag, Number, parse_spec
from tfcmc.training.interval import Interval, seconds_of, steps_of

GEOMETRIES = ("independent", "shared")
ON_BAD_IMAGE = ("stop", "skip")
STRATEGIES = ("auto", "one", "mirrored", "multiworker")
PRECISIONS = ("float32", "bfloat16", "float16", "float64")
JUDGE_ON = ("test", "validation")
CROP_FROM = ("square", "whole")
EVALUATE = ("full", "probes", "brief", "none")
JUDGING = "full, probes or brief"  # those that judge
JUDGED = (
    "how much is judged: full; probes, by the sphere and by every probe of "
    "all views together, without figures; brief, by the linear and "
    "nearest-neighbour ones alone"
)
BRIEF = ("linear_probe", "knn")  # probes of it, which a search may choose by
DECAYS = {"beta_1", "beta_2"}
MOST = 1_000_000  # epochs, or pictures a step
MANY = 1_000_000_000  # pictures, or steps


class _Text:
    """Text; where a function reads it, such that it can be read."""

    def __init__(self, read=None):
        self._read = read

    def check(self, name, value):
        """Raises a `UsageError` unless it is."""
        check_text(name, value) if self._read is None else self._read(value)


_TEXT = _Text()


def _setting(default, help, legal=_TEXT):
    metadata = {"help": help, "legal": legal}
    return dataclasses.field(default=default, metadata=metadata)


def overlaid(settings: dict, given: dict) -> dict:
    """Lays settings that are given over those of a run or a file.

    Adam's decays stand in the optimizer's spec there, too: what is given goes
    before it.
    """
    found = settings | given
    spec = settings.get("optimizer")
    if "optimizer" in given or spec is None or not DECAYS & given.keys():
        return found
    name, options, _ = parse_spec(spec, "optimizer")
    if name == "adam":
        found |= options | {"optimizer": name} | given
    return found


@dataclasses.dataclass(frozen=True)
class PretrainConfig:
    """The settings of one pretraining run."""

    loss: str = _setting(
        "softmax",
        'spec of the loss, with options: softmax, "triplet(margin=0.5)"; '
        "tfcmc losses has them all. nce is the paper's "
        "InfoNCE; what most people call InfoNCE is softmax",
    )
    data: str = _setting(
        "shapes",
        "spec of the data: shapes (embedded), stl10, tfds:NAME, folder:DIR, "
        "classes:DIR, npz:FILE, records:DIR, or hf:NAME or DIR",
    )
    data_dir: str | None = _setting(
        None, "folder of the data, for stl10, tfds and hf"
    )
    pictures: int | None = _setting(
        None,
        "how many of the pictures to learn from, a draw that is the same at "
        "every seed; those of a smaller number are among those of a larger "
        "(default: all)",
        Number(whole=True, at_least=2, at_most=MANY),
    )
    run_dir: str | None = _setting(
        None,
        "folder for everything written (default: runs/DATA-LOSS-SEED, "
        "or runs/DATA-PRESET-SEED)",
    )
    preset: str | None = _setting(
        None,
        "named settings to start from, such as simclr or byol; tfcmc "
        "methods has them all",
    )
    init: str | None = _setting(
        None,
        "weights to start from: a run folder, or the .keras file of an "
        "encoder (default: drawn by the seed)",
    )
    epochs: int | None = _setting(
        None,
        "passes over the data (default: shapes 18, stl10 100, other data 20)",
        Number(whole=True, at_least=1, at_most=MOST),
    )
    steps: int | None = _setting(
        None,
        "steps of training, in place of epochs; the last may be cut short",
        Number(whole=True, at_least=1, at_most=MANY),
    )
    budget: str | None = _setting(
        None,
        "training time in place of epochs, in minutes, such as 10min; without "
        "compiling and what is measured between epochs",
        _Text(seconds_of),
    )
    seed: int = _setting(
        0,
        "of the initial weights, order and crops",
        Number(whole=True, at_least=0, below=2**31),
    )
    negatives: str = _setting(
        "batch",
        "spec of the negatives: batch, over all devices; local, on each "
        "device; none; bank(momentum=, draws=, each_anchor=); or queue(size=)",
    )
    encoder: str = _setting(
        "paper",
        "spec of the encoders: paper(width=, final_relu=), "
        "convnet(width=, places=, layers=), "
        "resnet(depth=18|34|50, width=, stem=, zero_init=), "
        "dim(width=, features=), "
        "keras.applications:NAME, or MODULE:FUNCTION of your own",
    )
    batch_norm: str = _setting(
        "synchronized",
        "what batch normalisation takes its statistics of: synchronized, the "
        "batch over all devices; local, each device's share; or "
        "split(groups=), groups of the batch",
    )
    head: str = _setting(
        "none",
        "spec of what stands between features and loss: none, linear(dim=), "
        "mlp(layers=, hidden=, dim=, norm=), critic(units=, of=), or a "
        "function of yours, FILE.py:FUNCTION",
    )
    predictor: str = _setting(
        "none", "spec of what anchors alone go through, as a head"
    )
    target: str = _setting(
        "same",
        "what anchors are to agree with: same, the other view's embeddings; "
        "stopped, the same without a gradient; or momentum(start=, end=, "
        "init=), those of a slowly moving twin",
    )
    pairs: str = _setting(
        "cross",
        "which views are compared: cross(reduce=sum|mean), each with every "
        "other; first, the first with the others; self, with what is "
        "remembered of it; assigned(codes=), with the codes of the first; or "
        "local, a picture with its places",
    )
    views: str = _setting(
        "lab",
        "spec of the views of a picture: lab(count=, jitter=), ycbcr(count=, "
        "jitter=), rgb(count=, small=, small_side=, augment=, strength=, "
        "area=, blur=), or MODULE:FUNCTION of your own",
    )
    side: int = _setting(
        64,
        "side of the views in pixels",
        Number(whole=True, at_least=16, at_most=1024),
    )
    crop: str = _setting(
        "resized",
        "spec of the training crop: resized(area=, aspect=), or "
        "window(source=, small=resize|reflect)",
    )
    crop_from: str = _setting(
        "square",
        "what training cuts views out of: the middle square of a picture, or "
        "the whole picture, whatever its shape, decoded at the size that they "
        "need: of image files",
        Choice(CROP_FROM),
    )
    geometry: str = _setting(
        "independent",
        "crop and flip drawn apart for each view (independent) or once for "
        "both, as in the paper (shared)",
        Choice(GEOMETRIES),
    )
    flip: bool = _setting(
        True, "mirror views at random: True or False", Flag()
    )
    batch_size: int = _setting(
        128,
        "pictures a step, on all devices",
        Number(whole=True, at_least=2, at_most=MOST),
    )
    microbatch: int | None = _setting(
        None,
        "pictures that encoders compute at a time, on all devices: the "
        "gradients of a whole step, in the memory of so many (default: all)",
        Number(whole=True, at_least=1, at_most=MOST),
    )
    optimizer: str = _setting(
        "adam",
        "spec of the optimizer: adam, sgd(momentum=, nesterov=, "
        "weight_decay=) or lars(momentum=, weight_decay=, trust=)",
    )
    learning_rate: float = _setting(
        1e-3, "the optimizer's, at its highest", Number(above=0, at_most=10)
    )
    beta_1: float = _setting(
        0.5, "Adam's first decay", Number(at_least=0, below=1)
    )
    beta_2: float = _setting(
        0.999, "Adam's second decay", Number(at_least=0, below=1)
    )
    schedule: str = _setting(
        "cosine",
        "spec of the learning rate's course: cosine, constant, or "
        "steps(at=, factor=)",
    )
    warmup: float = _setting(
        0.05,
        "share of the steps that the cosine schedule warms up for",
        Number(at_least=0, at_most=1),
    )
    precision: str = _setting(
        "float32",
        "of the encoders' arithmetic: float32; bfloat16 or float16, where the "
        "processor has it, while weights stay float32, and gradients are "
        "scaled for float16; or float64, for proofs; losses and measures are "
        "float32",
        Choice(PRECISIONS),
    )
    alpha: float = _setting(
        2.0, "exponent of the alignment", Number(above=0, at_most=100)
    )
    t: float = _setting(
        2.0, "sharpness of the uniformity", Number(above=0, at_most=100)
    )
    judge_on: str = _setting(
        "test",
        "the test part, or validation: the train part, each fifth by probes "
        "fitted on the rest, for choosing between settings",
        Choice(JUDGE_ON),
    )
    evaluate: str = _setting(
        "full",
        f"{JUDGED}; or none, for tfcmc evaluate to do later",
        Choice(EVALUATE),
    )
    read_side: int | None = _setting(
        None,
        "side in pixels at which pictures are read once encoders have learnt "
        "from views of --side, which may be smaller and so cheaper (default: "
        "the same)",
        Number(whole=True, at_least=8, at_most=1024),
    )
    picture_side: int | None = _setting(
        None,
        "side in pixels at which pictures are kept (default: the data's own, "
        "or 96 where they differ)",
        Number(whole=True, at_least=8, at_most=1024),
    )
    memory_limit: float = _setting(
        4.0,
        "GiB that decoded pictures may take; more is streamed",
        Number(above=0, at_most=2**20),
    )
    strategy: str = _setting(
        "auto",
        "which devices train together: one, mirrored (all GPUs of this "
        "machine), multiworker (the machines in TF_CONFIG), or auto: "
        "multiworker where TF_CONFIG is set, mirrored where there are "
        "several GPUs, else one",
        Choice(STRATEGIES),
    )
    save_every: str = _setting(
        "10min",
        "how often training is saved within an epoch: in steps (500) or "
        "minutes (10min); at the end of each it always is",
        _Text(Interval),
    )
    profile: str | None = _setting(
        None,
        "steps to write a trace of for TensorBoard, counted from where this "
        "command begins: the first and the last (10:20), or how many (10)",
        _Text(steps_of),
    )
    stop_on_collapse: bool = _setting(
        False, "end training once the embeddings have collapsed", Flag()
    )
    force: bool = _setting(
        False,
        "train what is known to collapse: a prediction that nothing predicts",
        Flag(),
    )
    on_bad_image: str = _setting(
        "stop",
        "stop at an image that cannot be read, or skip and tell it",
        Choice(ON_BAD_IMAGE),
    )

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None or field.default is not None:
                name = field.name.replace("_", "-")
                field.metadata["legal"].check(name, value)

    def steps_of(self, epoch: int) -> int:
        """Returns how many steps the training has, where an epoch has some."""
        return self.steps or self.epochs * epoch

    @classmethod
    def from_dict(cls, values):
        """Makes a config of saved settings.

        Args:
            values: Setting name to value.

        Raises:
            UsageError: if a setting is not known or out of range.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        if not isinstance(values, dict):
            raise must("settings", "names with their values", values)
        for name in values:
            if name not in known:
                raise unknown("setting", name, known)
        return cls(**values)


def make_config(given) -> PretrainConfig:
    """Makes a config of a preset and what the user gave, which goes first.

    Args:
        given: Setting name to value, only those given.

    Raises:
        UsageError: if a value or the preset is not known or out of range.
    """
    config = PretrainConfig.from_dict(given)
    if config.preset is None:
        return config
    return PretrainConfig.from_dict(find_preset(config.preset).applied(given))
