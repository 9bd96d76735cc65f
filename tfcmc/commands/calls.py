"""The commands as functions: their words, and what came of it."""

import contextlib
import inspect
import os
import pathlib
import shlex
import signal
from collections.abc import Callable

from tfcmc.cli import machines
from tfcmc.commands import compare as comparing
from tfcmc.commands import evaluate as judging
from tfcmc.commands import export as exporting
from tfcmc.commands import finetune as finetuning
from tfcmc.commands import model as judging_models
from tfcmc.commands import pretrain as training
from tfcmc.commands import search as searching
from tfcmc.commands import study as studying
from tfcmc.commands.results import Comparison, Record, Run, Search
from tfcmc.commands.words import defaults, in_python, taken
from tfcmc.experiment.config import PretrainConfig
from tfcmc.foundation.errors import UsageError, check_choice
from tfcmc.foundation.signals import Interrupted, raised
from tfcmc.foundation.text import option, options
from tfcmc.report.few_labels import curve_text
from tfcmc.searches.study import TRIALS, plan_search
from tfcmc.searches.study import search as search_options

OWN = {
    "losses": comparing.LOSSES,
    "seeds": comparing.SEEDS,
    "labels": finetuning.SHARES,
    "samples": finetuning.SAMPLES,
    "format": exporting.FORMAT,
    "jobs": 1,
    "trials": TRIALS,
    "tuner": "bayesian",
}


def _words_of(
    make_parser: Callable, first: str | None = None, **own
) -> Callable:
    """Gives a function the signature of a command's words."""

    def signed(function):
        kind = inspect.Parameter.KEYWORD_ONLY
        # Its own defaults are those that are not a training's.
        words = defaults(make_parser(), OWN | own) | {"verbose": 1}
        parameters = [
            inspect.Parameter(name, kind, default=default)
            for name, default in words.items()
            if name != first
        ]
        if first is not None:  # a word that may stand without its name
            kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
            given = inspect.signature(function).parameters[first]
            parameters.insert(0, given.replace(kind=kind))
        function.__signature__ = inspect.Signature(parameters)
        return function

    return signed


@contextlib.contextmanager
def called(verbose):
    """Does what a command does, in another's process.

    Nothing is printed where the caller says so. Ctrl-C, SIGTERM and SIGHUP
    end it as they end the command: saved first, then as they would have ended
    whatever else the caller did. Messages name words as Python has them.
    """
    check_choice("verbose", verbose, (0, 1, False, True))
    with contextlib.ExitStack() as stack:
        if not verbose:
            nowhere = stack.enter_context(open(os.devnull, "w"))
            stack.enter_context(contextlib.redirect_stdout(nowhere))
        try:
            with raised():
                yield
        except UsageError as error:
            raise UsageError(in_python(str(error))) from None
        except Interrupted as error:
            told = f"{error}. The same call goes on from what is saved."
            try:
                signal.raise_signal(error.number)
            except KeyboardInterrupt:
                raise KeyboardInterrupt(told) from None
            raise


@_words_of(training.make_parser)
def pretrain(*, verbose=1, **words) -> Run:
    """Learns from pictures without labels, and judges what was learnt.

    `tfcmc pretrain`, its options as words: `tfcmc pretrain --help` says what
    each does.

    Example:

        run = tfcmc.pretrain(data=pictures, loss="nt_xent", epochs=20)
        run.verdict["linear_probe"]["accuracy"]

    Args:
        verbose: 0 to print nothing.
        **words: The command's options. `data` may also be in memory: pictures
            `[count, height, width, 3]`, uint8, from 0 to 255; `(pictures,
            labels)`, of which a fifth are the test part; a dict of these by
            the roles "unlabeled", "train" and "test"; or a `tf.data.Dataset`
            of pictures or `(picture, label)`, which is read into memory, at
            most `memory_limit` GiB. `encoder` and `views` may be functions,
            `loss` what `tfcmc.losses.get` gives.

    Returns:
        The `Run`.

    Raises:
        UsageError: if a word or a value is not known or does not do.
        TrainingFailed: if the loss is no number any more, or the embeddings
            collapse and `stop_on_collapse` is set.
        KeyboardInterrupt: at Ctrl-C, once it is saved: the same call goes on.
    """
    with called(verbose):
        given, held = taken(training.make_parser(), words)
        # Each of several machines would have to be called.
        standard = PretrainConfig().strategy
        machines.check_alone(given.get("strategy", standard))
        return Run(training.run(given).folder, held=held)


@_words_of(
    judging_models.make_parser,
    "run",
    data=None,
    views=None,
    alpha=None,
    t=None,
)
def evaluate(run, *, verbose=1, **words) -> Run | Record:
    """Judges the encoders of a run again, or any Keras model.

    `tfcmc evaluate`, its options as words.

    A model of pictures to vectors is judged by what judges a run: probes,
    uniformity and rank, beside a fresh model of its kind (layers that were
    adapted to data are fresh too) and raw pixels. It is given float32
    pictures, at the side that it takes, else at the data's.

    Example:

        tfcmc.evaluate(model, data=((x, y), (x_test, y_test)))

    Args:
        run: A `Run`, or the path of its folder; or a `keras.Model`.
        verbose: 0 to print nothing.
        **words: The command's options; `data` as for `pretrain`. Of a model
            also `seed`, `judge_on`, `picture_side`, `memory_limit` and
            `on_bad_image`, as for `pretrain`; `value_range`, what black and
            white are to it, by default `(0, 255)`; and `views`, a function of
            a batch of pictures from 0 to 255 to two such batches or more,
            which alignment is measured of.

    Returns:
        The `Run`; its verdict is that on other pictures where `data` names
        such. Of a model a record, as `verdict`, that is written nowhere.

    Raises:
        UsageError: if a word or a value is not known or does not do.
        KeyboardInterrupt: at Ctrl-C.
    """
    with called(verbose):
        if not isinstance(run, str | os.PathLike):
            return judging_models.run(run, words)
        words = {"run": run, **words}
        given, held = taken(judging.make_parser(), words)
        place = judging.run(given)
        held = held or getattr(run, "_held", None)
        return Run(place.folder, encoders=given["run"], held=held)


@_words_of(finetuning.make_parser, "run", data=None, steps=finetuning.STEPS)
def finetune(run, *, verbose=1, **words) -> Record:
    """Says what the encoders of a run save in labels: the few-label curve.

    `tfcmc finetune`, its options as words: `tfcmc finetune --help` says what
    each does. What is measured is kept in the run's folder, and a call of
    other shares adds to it.

    Example:

        tfcmc.finetune(run, labels=[0.01, 0.1, 1])["conclusion"]

    Args:
        run: A `Run`, or the path of its folder.
        verbose: 0 to print nothing.
        **words: The command's options; `data` as for `pretrain`.

    Returns:
        What `curve.json` holds: `points`, the number of labels to kind to an
        accuracy a sample, `conclusion` and the settings.

    Raises:
        UsageError: if a word or a value is not known or does not do.
        KeyboardInterrupt: at Ctrl-C: the same call goes on.
    """
    with called(verbose):
        words = {"run": run, **words}
        given, held = taken(finetuning.make_parser(), words)
        curve = finetuning.run(given)
        del held  # until now
        return Record(curve.record(), curve_text(curve).strip("\n"))


@_words_of(exporting.make_parser, "run")
def export(run, *, verbose=1, **words) -> pathlib.Path:
    """Writes a run as one model that needs nothing of this library.

    `tfcmc export`, its options as words: `tfcmc export --help` says what each
    does. `size` may be numbers too: `(480, 640)`, or 224.

    Example:

        keras.saving.load_model(tfcmc.export(run))

    Args:
        run: A `Run`, or the path of its folder.
        verbose: 0 to print nothing.
        **words: The command's options.

    Returns:
        Path of the model; its card lies beside it.

    Raises:
        UsageError: if a word or a value is not known or does not do, or the
            run's views or encoder have no such form.
        TrainingFailed: if what is written does not give the run's features.
    """
    with called(verbose):
        words = {"run": run, **words}
        given, _ = taken(exporting.make_parser(), words)
        return exporting.run(given)


@_words_of(comparing.make_parser, "losses")
def compare(losses=None, *, verbose=1, **words) -> Comparison:
    """Trains every loss with every seed on equal terms, and compares them.

    `tfcmc compare`, its options as words: `tfcmc compare --help` says what
    each does. Each run is trained in a process of its own; pictures in memory
    are written once to a file of the folder for them.

    Example:

        tfcmc.compare(["softmax", "triplet"], data=pictures, seeds=[0, 1])

    Args:
        losses: Their specs.
        verbose: 0 to print nothing.
        **words: The command's options; `data`, `encoder` and `views` as for
            `pretrain`.

    Returns:
        The `Comparison`, also where some runs broke: its `failures`.

    Raises:
        UsageError: if a word or a value is not known or does not do.
        KeyboardInterrupt: at Ctrl-C, once all is saved that trains.
    """
    with called(verbose):
        words = {"losses": losses, **words}
        parser = comparing.make_parser()
        given, _ = taken(parser, words, apart=comparing.planned)
        return Comparison(comparing.run(given, _command(["compare"], given)))


@_words_of(studying.make_parser, "file")
def study(file, *, verbose=1, **words) -> Comparison:
    """Runs a design of trainings, and says what each axis changes.

    `tfcmc study`, its options as words: `tfcmc study --help` says what stands
    in the file.

    Example:

        axes = {"loss": ["softmax", "triplet"], "pictures": [1000, 5000]}
        tfcmc.study({"axes": axes, "settings": {"data": "tfds:cifar10"}})

    Args:
        file: Its path, or a dict of what would stand in it.
        verbose: 0 to print nothing.
        **words: The command's options.

    Returns:
        The `Comparison` of all combinations, also where some runs broke: its
        `failures`.

    Raises:
        UsageError: if it tells of no study, or a word is not known.
        KeyboardInterrupt: at Ctrl-C, once all is saved that trains.
    """
    with called(verbose):
        given, _ = taken(studying.make_parser(), words)
        named = file if isinstance(file, str | os.PathLike) else "FILE"
        command = _command(["study", os.fspath(named)], given)
        return Comparison(studying.run({"file": file, **given}, command))


@_words_of(searching.make_parser)
def search(*, verbose=1, **words) -> Search:
    """Searches for a loss's own options, choosing without the test part.

    `tfcmc search`, its options as words: `tfcmc search --help` says what each
    does. Each trial is trained in a process of its own, as in `compare`.

    Example:

        tfcmc.search(loss="triplet", trials=20, data=pictures).best

    Args:
        verbose: 0 to print nothing.
        **words: The command's options; `data`, `encoder` and `views` as for
            `pretrain`.

    Returns:
        The `Search`.

    Raises:
        UsageError: if a word or a value is not known or does not do.
        TrainingFailed: if the first trials all fail.
        KeyboardInterrupt: at Ctrl-C, once all is saved that trains.
    """
    with called(verbose):
        parser = searching.make_parser()
        given, _ = taken(parser, words, apart=plan_search)
        return Search(search_options(given))


def _command(words, given):
    """Writes the command that does the same."""
    for name, value in given.items():
        if value is None:  # as a file of settings may have it
            continue
        if isinstance(value, list):
            words += [option(name), *map(str, value)]
        else:
            words += options({name: value})
    return shlex.join(["tfcmc", *words])
