"""The command line of a frozen record of settings.

argparse does the reading. What it lacks: no prefix stands for an option, an
unknown one is answered with the nearest, and a mistake is one or two plain
lines instead of the whole usage.
"""

import argparse
import contextlib
import dataclasses
import re
import sys
import types
import typing

from tfcmc.cli import screen
from tfcmc.cli.faults import FAILED, fault_of
from tfcmc.cli.noise import without_noise
from tfcmc.cli.settings_file import beneath, read_settings
from tfcmc.foundation import lazy
from tfcmc.foundation.errors import TrainingFailed, UsageError, must, unknown
from tfcmc.foundation.paths import expanded
from tfcmc.foundation.signals import Interrupted, raised
from tfcmc.foundation.text import option

# Options and arguments that are a path, or several.
PATHS = (
    "config",
    "data_dir",
    "image",
    "init",
    "out",
    "run",
    "run_dir",
    "search",
    "tuned",
)
# Keras imports them where they are, for helpers that no command uses: a tenth
# of the time that a command takes to start.
UNUSED = ("pandas", "matplotlib.pyplot")
SWITCH = {"true": True, "false": False}
READ = {bool: "True or False", int: "a whole number", float: "a number"}
TYPED = None  # what stood before the options, if not `python -m MODULE`


class Parser(argparse.ArgumentParser):
    """A parser that raises a `UsageError` instead of printing its usage."""

    def error(self, message):
        # "argument --x: " stands before a sentence that names --x already.
        message = re.sub(r"^argument \S+: (?=`)", "", message)
        raise UsageError(message[:1].upper() + message[1:])


def make_parser(name: str, manual: str) -> Parser:
    """Returns the parser of a module whose docstring `--help` shows."""
    return Parser(
        prog=TYPED or f"python -m {name}",
        description=manual,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
    )


def add_settings(
    parser, record, only=None, but=(), *, defaults=None, helps=None
):
    """Adds an option for every field of a dataclass, `but` some, or for some.

    The fields' metadata hold a `help`; `defaults` and `helps` say what stands
    for those of some fields here.
    """
    hints = typing.get_type_hints(record)
    for field in dataclasses.fields(record):
        if field.name in but or (only is not None and field.name not in only):
            continue
        help_text = (helps or {}).get(field.name, field.metadata["help"])
        default = (defaults or {}).get(field.name, field.default)
        if default is not None:
            help_text += f" (default: {default})"
        wanted = _plain_type(hints[field.name])
        # A switch alone is on: --stop-on-collapse, or --stop-on-collapse=True.
        alone = {"nargs": "?", "const": True} if wanted is bool else {}
        parser.add_argument(
            option(field.name),
            type=reader(option(field.name), hints[field.name]),
            metavar=wanted.__name__.upper(),
            help=help_text.replace("%", "%%"),
            **alone,
        )


def add_config(parser, unread=()):
    """Adds `--config`, a file of settings that stand beneath those given.

    What `unread` names may stand in the file, and is not taken from it.
    """
    told = (
        "file of settings, such as a run's config.json or a search's "
        "best.json; what else is given goes first"
    )
    if unread:
        told += f"; its {', '.join(unread)} are not read"
    parser.add_argument("--config", metavar="FILE", help=told)
    parser.set_defaults(unread=unread)


def add_data(parser, data_help):
    """Adds `--data` and `--data-dir` for pictures other than the run's."""
    parser.add_argument("--data", metavar="SPEC", help=data_help)
    parser.add_argument(
        "--data-dir", metavar="DIR", help="where the data are now"
    )


def parse(parser: Parser, argv: list[str] | None = None) -> dict:
    """Reads words, or those of the process.

    Returns:
        Setting name to value, only those given, there or in the file of
        `--config`.
    """
    given, rest = parser.parse_known_args(argv)
    if rest:
        known = [
            text
            for action in parser._actions
            for text in action.option_strings
            if text.startswith("--")
        ]
        word = rest[0].partition("=")[0]
        if not word.startswith("-"):
            raise UsageError(
                f"Unknown argument: {word!r}. Options are written "
                f"--name=value; --help lists them."
            )
        raise unknown("option", word, known)
    given = vars(given)
    return completed(given, given.pop("unread", ()))


def completed(given: dict, unread=()) -> dict:
    """Expands what are paths, and puts the file of `config` beneath.

    Args:
        given: Setting name to value.
        unread: What of the file is not taken.
    """
    for name in given.keys() & PATHS:
        given[name] = _expanded(name.replace("_", "-"), given[name])
    if "config" in given:
        saved = read_settings(given.pop("config"))
        kept = {name: saved[name] for name in saved if name not in unread}
        given = beneath(kept, given)
    return given


def _expanded(name, value):
    """Returns a path, or each of several, with the home folder for `~`."""
    if isinstance(value, list):
        return [expanded(name, path) for path in value]
    return expanded(name, value)


def arguments(parser: Parser) -> dict:
    """Returns what a parser reads: name to `argparse.Action`."""
    return {
        action.dest: action
        for action in parser._actions
        if action.dest != "help"
    }


def run(main, *, listing=False):
    """Runs a command and turns mistakes into plain lines and exit codes.

    2 for a mistake of the user, 1 for a training that failed or a machine
    that did, 130 for Ctrl-C, 143 for SIGTERM and 129 for SIGHUP. `listing` is
    as for `screen.settle`.
    """
    screen.settle(listing=listing)
    lazy.LOADING = _loading
    try:
        with raised():
            _printing(main)
        return
    except UsageError as error:
        told, code = str(error), 2
    except TrainingFailed as error:
        told, code = f"Stopped: {error}.", 1
    except Interrupted as error:
        told = f"\n{error}. The same command goes on from what is saved."
        code = 128 + error.number
    except Exception as error:
        fault, code = fault_of(error), 1
        if fault is None:
            raise
        told = (
            f"{FAILED}{fault}. What was saved before is whole; "
            f"the same command goes on from there."
        )
    print(told, file=sys.stderr)
    sys.exit(code)


@contextlib.contextmanager
def _loading():
    """What TensorFlow and Keras are imported in."""
    with without_noise(), lazy.hidden(*UNUSED):
        yield


def _printing(main):
    """Runs a command until what it printed has left this process."""
    try:
        main()
    finally:
        sys.stdout.flush()


def _plain_type(hint):
    """Returns `int` for `int | None`."""
    if isinstance(hint, types.UnionType):
        return next(t for t in typing.get_args(hint) if t is not type(None))
    return hint


def reader(name: str, hint):
    """Returns what reads a word for an option.

    Args:
        name: How the option is written.
        hint: `bool`, `int`, `float` or `str`, or one of them `| None`.
    """
    wanted = _plain_type(hint)

    def read(text):
        try:
            return SWITCH[text.lower()] if wanted is bool else wanted(text)
        except (KeyError, ValueError):
            # Of a ValueError argparse makes a message of its own.
            told = str(must(name, READ[wanted], text))
            raise argparse.ArgumentTypeError(told) from None

    return read
