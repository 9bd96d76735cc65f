"""The names of an experiment, looked up before anything heavy is loaded.

No room below this one reads a config: functions take plain arguments there.
"""

import contextlib
import dataclasses
import functools
import os
import pathlib
import re
from collections.abc import Callable

import tfcmc
from tfcmc.batch_norms import BATCH_NORMS
from tfcmc.data import SOURCES
from tfcmc.encoders import ENCODERS
from tfcmc.experiment.config import PretrainConfig
from tfcmc.experiment.presets import own_loss, rate_words
from tfcmc.experiment.refusals import check
from tfcmc.foundation.errors import UsageError, must
from tfcmc.foundation.lazy import check_backend
from tfcmc.foundation.own import takes
from tfcmc.foundation.paths import expanded, is_same
from tfcmc.foundation.registry import Bound, parse_spec
from tfcmc.foundation.text import plain_text
from tfcmc.heads import HEADS
from tfcmc.losses import LOSSES
from tfcmc.negatives import NEGATIVES
from tfcmc.optimizers import OPTIMIZERS, SCHEDULES
from tfcmc.pairs import PAIRS
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import (
    CIRCUMSTANCES,
    READING,
    another_experiment,
    changed_code,
    restarting,
    setting_differences,
)
from tfcmc.runs.record import read_identity, read_settings
from tfcmc.targets import TARGETS
from tfcmc.views import VIEWS, Frame, Views
from tfcmc.views.crop import CROPS

LONGEST_WORD = 50  # of the data in a run's name, in characters

AXES = {
    "loss": LOSSES,
    "data": SOURCES,
    "negatives": NEGATIVES,
    "encoder": ENCODERS,
    "batch_norm": BATCH_NORMS,
    "head": HEADS,
    "predictor": HEADS,
    "target": TARGETS,
    "pairs": PAIRS,
    "views": VIEWS,
    "crop": CROPS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
}


@dataclasses.dataclass(frozen=True)
class Plan:
    """An experiment whose every name is known and every option legal."""

    config: PretrainConfig  # specs in full and defaults filled in
    # What its specs chose from `AXES`.
    loss: Bound
    data: Bound
    negatives: Bound
    encoder: Bound
    batch_norm: Bound
    head: Bound
    predictor: Bound
    target: Bound
    pairs: Bound
    views: Bound
    crop: Bound
    optimizer: Bound
    schedule: Bound
    notes: tuple = ()  # what is to be told of it, a sentence each

    def code(self) -> dict:
        """Returns the user's own code, by the setting that names it."""
        found = {}
        for axis in AXES:
            if code := getattr(self, axis).member.extra.get("code"):
                found[axis] = code.record()
        return found

    @property
    def pieces(self) -> int:
        """How many pieces a step is computed in."""
        config = self.config
        return config.batch_size // (config.microbatch or config.batch_size)

    def builder(self, axis: str) -> Callable:
        """Returns what builds the encoder, the head or the predictor.

        What takes a `batch_norm` gets it; others have their own layers.
        """
        bound = getattr(self, axis)
        taken = takes(bound.member.function, "batch_norm")
        if not taken or "batch_norm" in bound.options:
            return bound.function
        batch_norm = self.batch_norm.function
        if groups := self.batch_norm.options.get("groups"):
            # It is shown a piece at a time.
            batch_norm = functools.partial(
                batch_norm, groups=groups // self.pieces
            )
        return functools.partial(bound.function, batch_norm=batch_norm)

    def views_of(self, picture_side: int, side: int | None = None) -> Views:
        """Returns the views of pictures of one side, in pixels.

        Args:
            side: That of the views; None for the one that is learnt from.
        """
        config = self.config
        side = side or config.side
        frame = Frame(
            picture_side=picture_side,
            side=side,
            crop=self.crop.function(picture_side, side),
            shared=config.geometry == "shared",
            flip=config.flip,
        )
        views = self.views.function(frame)
        pairs = self.pairs.function(len(views.names)).ordered
        if not pairs:
            raise must(
                "views",
                f"at least two views of a picture with "
                f"--pairs={self.pairs.name}",
                views.names,
            )
        if len(views.of_held_out.names) < 2:
            raise must(
                "views",
                "two or more, or with two or more as `compared`, which "
                "held-out pictures are judged in",
                views.names,
            )
        return views


def make_plan(config: PretrainConfig, *, check_data=True, begun=True) -> Plan:
    """Looks up every name of a config.

    Args:
        check_data: Whether the data have to be there.
        begun: Whether steps and epochs are those of the run in its folder,
            as by `as_begun`.

    Raises:
        UsageError: if a name, an option or a value is not known, some do not
            go together, the data are not there, or Keras is set to run on
            something else than TensorFlow.
    """
    check_backend()
    config = _with_decays(config)
    found = {
        axis: table.lookup(getattr(config, axis))
        for axis, table in AXES.items()
    }
    notes = (*check(Plan(config=config, **found)), *rate_words(config))
    extra = found["data"].member.extra
    if check_data and "check" in extra:
        extra["check"](found["data"].argument, config.data_dir)
    timed = config.budget is not None or config.steps is not None
    specs = {axis: bound.spec for axis, bound in found.items()}
    config = dataclasses.replace(
        config,
        **specs,
        epochs=config.epochs or (None if timed else extra["epochs"]),
        init=config.init and expanded("init", config.init),
        run_dir=expanded(
            "run-dir", config.run_dir or default_run_dir(found, config)
        ),
    )
    plan = Plan(config=config, **found, notes=notes)
    return as_begun(plan) if begun else plan


def as_begun(plan: Plan) -> Plan:
    """Takes steps and epochs of the run in its folder, if they were settled.

    How many fit in a budget is measured when a run begins; it goes on to the
    same end.
    """
    config = plan.config
    if config.epochs is not None:
        return plan
    run = Run(config.run_dir)
    stored = read_settings(run)
    if stored is None:  # of a run that was killed between the two records
        stored = (read_identity(run) or {}).get("settings", {})
    stored = _filled(stored)
    same = stored["budget"] == config.budget
    if not same or config.steps not in (None, stored["steps"]):
        return plan
    settled = {name: stored[name] for name in ("steps", "epochs")}
    config = dataclasses.replace(config, **settled)
    return dataclasses.replace(plan, config=config)


def _with_decays(config):
    """Writes Adam's decays into its spec, or out of it, so that both agree."""
    name, options, argument = parse_spec(config.optimizer, "optimizer")
    own = {each: getattr(config, each) for each in ("beta_1", "beta_2")}
    if name != "adam":
        for each, value in own.items():
            if value != getattr(PretrainConfig(), each):
                option = each.replace("_", "-")
                raise must(option, f"left out with --optimizer={name}", value)
    if name != "adam" or argument is not None:
        return config
    own |= options
    inside = ", ".join(f"{each}={value!r}" for each, value in own.items())
    bound = OPTIMIZERS.lookup(f"adam({inside})")
    return dataclasses.replace(config, optimizer=bound.spec, **bound.options)


def default_run_dir(found, config):
    """Returns the folder of a run that the user gave no name.

    A preset names it, and the loss where it is not the preset's own.
    """
    words, loss = [data_word(found["data"])], found["loss"]
    if config.preset:
        words.append(config.preset)
    if loss.spec != own_loss(config.preset):
        words.append(loss.name)
    name = "-".join([*words, str(config.seed)])
    return str(pathlib.Path("runs") / name)


def data_word(data):
    """Returns a word for the data that a folder can be named after."""
    word = data.name
    if data.argument is not None:
        word = pathlib.PurePath(data.argument).stem or data.name
    # A folder's own name may be as long as one can be.
    return re.sub(r"[^\w.-]+", "-", word)[:LONGEST_WORD]


def check_folder(name, folder):
    """Checks that TensorFlow can write to a folder of this name.

    Args:
        name: What it is called where the user wrote it.

    Raises:
        UsageError: if the path is no text.
    """
    if plain_text(str(folder)) != str(folder):
        raise must(
            name,
            "a folder whose path is UTF-8, as TensorFlow needs",
            str(folder),
        )


def open_run(plan: Plan, *, restart: bool = True):
    """Opens the plan's run folder: new, or of the same experiment.

    A longer training is the same experiment, continued.

    Args:
        restart: Whether it may be one that begins its schedule anew.

    Returns:
        The `Run`; nothing is written yet.

    Raises:
        UsageError: if the folder holds another experiment, a run of another
            version, or files that no run wrote.
    """
    check_folder("run-dir", plan.config.run_dir)
    run = Run(plan.config.run_dir)
    _check_foreign(plan.config, run.folder)
    # Unlike pathlib's own, these answer no to a name that is too long.
    if os.path.exists(run.folder) and not os.path.isdir(run.folder):
        raise UsageError(
            f"`run-dir` must be a folder. Received: {str(run.folder)!r}"
        )
    if "reads" in plan.data.member.extra and is_same(
        run.folder, expanded("data", plan.data.argument)
    ):
        # The figures drawn there would be pictures at the next start.
        raise must("run-dir", "another folder than `data`", str(run.folder))
    if plan.config.init is not None:
        _check_init(plan.config.init, run)
    wanted = dataclasses.asdict(plan.config)
    for settings in _settings_there(run):
        if strange := sorted(settings.keys() - wanted.keys()):
            raise UsageError(
                f"`run-dir` must hold a run of this version of tfcmc, "
                f"{tfcmc.__version__}. Received: {str(run.folder)!r}, whose "
                f"settings are others: {', '.join(strange[:3])}"
            )
        longer = restart or not restarting(wanted)
        if told := setting_differences(settings, wanted, longer=longer):
            raise another_experiment(run.folder, ", ".join(told))
    known = read_identity(run) or {}
    for file in changed_code(known, {"code": plan.code()}):
        raise another_experiment(run.folder, f"another text of {file}")
    return run


def _check_init(place, run):
    """Checks that there is something to start from, without reading it."""
    begun = (read_identity(run) or {}).get("init", {}).get("place")
    if begun == place:
        return  # a training that is past its first step needs it no more
    file = place.endswith(".keras") and os.path.isfile(place)
    if not file and not os.path.isfile(os.path.join(place, "config.json")):
        raise must("init", "a run folder, or a .keras file", place)
    if is_same(place, run.folder):
        raise must("init", "another folder than `run-dir`", place)


def with_own(given: dict) -> dict:
    """Adds a run's settings to those given, where these say nothing of it.

    A run folder alone, or with the epochs that it is to be trained for and
    where its pictures are now, goes on with what it holds.

    Args:
        given: Setting name to value, only those given.
    """
    about = {*CIRCUMSTANCES, *READING, "epochs"} - {"init", "preset"}
    if "run_dir" not in given or given.keys() - about:
        return given
    return (read_settings(Run(given["run_dir"])) or {}) | given


def _settings_there(run):
    """Yields the settings that a folder's records hold."""
    stored, known = read_settings(run), read_identity(run)
    # What has ended is read by any version; what goes on is of this one.
    ended = (run.folder / "metrics.json").exists()
    for settings in (stored, known and known["settings"]):
        if settings is not None:
            yield completed(settings) if ended else _filled(settings)


def _filled(settings):
    """A run older than a setting was made as by its default."""
    return dataclasses.asdict(PretrainConfig()) | settings


def completed(settings: dict) -> dict:
    """Fills in what settings that were stored do not say.

    A run older than a setting, or than an option of an axis, was made as by
    its default. What is not known here, or is of one's own, stays as it is.

    Args:
        settings: Setting name to value.

    Returns:
        Likewise, all of them, the specs of registered names in full.
    """
    found = _filled(settings)
    with contextlib.suppress(UsageError):
        config = _with_decays(PretrainConfig.from_dict(found))
        found = dataclasses.asdict(config)
    for axis, table in AXES.items():
        # What a colon names may be code, which a record is not to run.
        if ":" not in str(found[axis]):
            with contextlib.suppress(UsageError):
                found[axis] = table.lookup(found[axis]).spec
    return found


def stored_plan(folder, *, check_data=True, **changes):
    """Makes the plan that a run folder was trained by.

    Args:
        check_data: Whether the data have to be there.
        **changes: Settings to be used instead of the stored ones, such as
            `data_dir`, where the data are now.

    Returns:
        `(plan, run)`.

    Raises:
        UsageError: if the folder holds no run, or the data are gone.
    """
    folder = expanded("run", folder)
    check_folder("run", folder)
    run = Run(folder)
    stored = read_settings(run)
    if stored is None:
        raise UsageError(
            f"`run` must be the folder of a run, with a config.json. "
            f"Received: {str(folder)!r}"
        )
    try:
        config = PretrainConfig.from_dict(stored)
    except UsageError as error:
        raise UsageError(f"{run.folder / 'config.json'}: {error}") from None
    if known := read_identity(run):
        both = completed(stored), completed(known["settings"])
        told = setting_differences(*both, longer=True)
        if told:
            raise UsageError(
                f"`config.json` must be that of the run it lies in. Received: "
                f"{run.folder / 'config.json'}, which has {', '.join(told)}"
            )
    config = dataclasses.replace(config, **changes, run_dir=folder)
    config = _with_moved_files(config)
    _check_foreign(config, run.folder)
    try:
        plan = make_plan(config, check_data=check_data)
    except UsageError as error:
        given = "data" in changes or "data_dir" in changes
        if given or not str(error).startswith(("`data`", "`data-dir`")):
            raise
        raise UsageError(
            f"{error}\nWhere the run's pictures are now is told by --data or "
            f"--data-dir."
        ) from None
    for file in changed_code(known or {}, {"code": plan.code()}):
        print(f"note: {file} has changed since {folder} was trained with it")
    return plan, run


def _own_files(config):
    """Yields the axes of a user's own files, and the path of each."""
    for axis in ("encoder", "views", "head", "predictor"):
        place = getattr(config, axis).partition(":")[0].strip()
        if place.endswith(".py"):
            yield axis, pathlib.Path(place).expanduser().resolve()


def _with_moved_files(config):
    """Takes a user's file that is gone from the working folder."""
    for axis, file in _own_files(config):
        here = pathlib.Path.cwd() / file.name
        # Unlike pathlib's own, these answer no where one may not look.
        if not os.path.exists(file) and os.path.isfile(here):
            print(f"note: {file} is not there, and {here} is taken for it")
            call = getattr(config, axis).partition(":")[2]
            config = dataclasses.replace(config, **{axis: f"{here}:{call}"})
    return config


def _check_foreign(config, folder):
    """Refuses code that lies in a run folder: it may be anybody's."""
    for axis, file in _own_files(config):
        if folder.resolve() in file.parents:
            raise must(axis, "in a file outside the run folder", str(file))
