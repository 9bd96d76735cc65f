"""`tfcmc COMMAND [OPTION ...]`: the command's own `python -m MODULE`."""

import ast
import importlib
import runpy
import sys

import tfcmc
from tfcmc.cli import command_line
from tfcmc.cli.workers import HOME
from tfcmc.foundation.errors import UsageError, unknown

MODULES = (
    "trainers.pretrain",
    "trainers.evaluate",
    "trainers.finetune",
    "trainers.compare",
    "trainers.study",
    "tuning.search",
    "tuning.report",
    "trainers.embed",
    "trainers.neighbours",
    "trainers.export",
    "trainers.runs",
    "trainers.data",
    "trainers.losses",
    "trainers.methods",
    "trainers.verify",
)
COMMANDS = {module.rpartition(".")[2]: module for module in MODULES}
HELP = """usage: {typed} COMMAND [OPTION ...]

Which contrastive loss, and what did it do to the representation?

{commands}

{typed} COMMAND --help tells the use of one, {typed} --version the version.
"""


def main(typed: str = "tfcmc") -> None:
    """Runs the command that the process was given.

    Args:
        typed: What stood before its name.
    """
    name, *words = sys.argv[1:] or ["--help"]
    if name not in COMMANDS:
        command_line.run(lambda: answer(name, typed), listing=True)
        return
    # A folder of this name on the user's own path is not meant.
    sys.path.insert(0, str(HOME))
    importlib.import_module(COMMANDS[name].partition(".")[0])
    del sys.path[0]
    command_line.TYPED = f"{typed} {name}"
    sys.argv[1:] = words
    runpy.run_module(COMMANDS[name], run_name="__main__", alter_sys=True)


def answer(word: str, typed: str) -> None:
    """Prints what there is.

    Raises:
        UsageError: if that was not asked for.
    """
    if word in ("--help", "-h"):
        told = [f"  {name:<12}{line_of(name)}" for name in COMMANDS]
        print(HELP.format(typed=typed, commands="\n".join(told)), end="")
    elif word == "--version":
        print(f"tfcmc {tfcmc.__version__}")
    elif word.startswith("-"):
        raise UsageError(
            f"A command stands before its options: {typed} pretrain {word}"
        )
    else:
        raise unknown("command", word, COMMANDS)


def line_of(name: str) -> str:
    """Returns what a command does: the first line of its module."""
    path = HOME.joinpath(*COMMANDS[name].split(".")).with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    return text.partition("\n")[0]


if __name__ == "__main__":
    main("python -m tfcmc")
