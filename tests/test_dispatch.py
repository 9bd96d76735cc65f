"""`tfcmc COMMAND`: the commands by one name, in any folder."""

import os
import pkgutil
import resource
import subprocess
import sys

import pytest

import trainers
import tuning
from tests.conftest import ROOT
from tfcmc import __version__
from tfcmc.__main__ import COMMANDS, MODULES
from tfcmc.cli import workers

# As pip writes it for `console_scripts`.
SCRIPT = "import sys\nfrom tfcmc.__main__ import main\nsys.exit(main())\n"
HEAVY = "tensorflow keras sklearn numpy pandas matplotlib keras_tuner".split()
LISTS = f"""
import sys
sys.argv = ["tfcmc", *sys.argv[1:]]
from tfcmc.__main__ import main
try:
    main()
finally:
    print(*(set({HEAVY}) & set(sys.modules)), file=sys.stderr)
"""


@pytest.fixture
def tfcmc(tmp_path):
    """A function that runs the installed command, in a folder of its own."""
    script = tmp_path / "bin" / "tfcmc"
    script.parent.mkdir()
    script.write_text(SCRIPT)

    def run(*words, folder=tmp_path, path=()):
        return subprocess.run(
            [sys.executable, str(script), *words],
            cwd=folder,
            env=os.environ
            | {"PYTHONPATH": os.pathsep.join(map(str, [*path, ROOT]))},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.fixture
def project(tmp_path):
    """A user's folder with packages that are called as ours are."""
    folder = tmp_path / "project"
    for name in ("trainers", "tuning"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("raise SystemExit('no')")
    return folder


def test_every_command_is_known():
    """What lies in the two folders, each by the last part of its name."""
    found = [
        f"{package.__name__}.{each.name}"
        for package in (trainers, tuning)
        for each in pkgutil.iter_modules(package.__path__)
    ]
    assert sorted(MODULES) == sorted(found)
    assert len(COMMANDS) == len(MODULES)


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)], ids=str)
def test_help(words, tfcmc):
    """A line a command, in little time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = tfcmc(*words)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "usage: tfcmc COMMAND [OPTION ...]"
    assert max(map(len, lines)) <= 100
    told = {line.split()[0] for line in lines if line.startswith("  ")}
    assert told == set(COMMANDS)
    worked = (
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    )
    assert worked < 0.6


@pytest.mark.parametrize("word", ["--help", "--version", "pertrain"])
def test_nothing_heavy_is_imported(word, python):
    """Not even NumPy."""
    done = python("-c", LISTS, word)
    assert done.stderr.splitlines()[-1] == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["pertrain", "--loss=softmax"], "Did you mean pretrain?"),
        (["trainers.pretrain"], "Did you mean pretrain?"),
        (["x"], "Known: compare, data, "),
        (["--loss=softmax"], "before its options: tfcmc pretrain --loss=soft"),
        (["pretrain", "--los=softmax"], "Did you mean --loss"),
        (["losses", "tripl"], "Did you mean triplet?\nKnown: align_uniform, "),
    ],
    ids=str,
)
def test_mistakes(words, told, tfcmc):
    """One or two plain lines on stderr, exit code 2."""
    done = tfcmc(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_version(tfcmc):
    """The library's."""
    assert tfcmc("--version").stdout == f"tfcmc {__version__}\n"


def test_usage_is_as_typed(tfcmc, command):
    """However a command was called."""
    told = {
        "tfcmc losses": tfcmc("losses", "--help"),
        "python -m tfcmc losses": command("tfcmc", "losses", "--help"),
        "python -m trainers.losses": command("trainers.losses", "--help"),
    }
    for typed, done in told.items():
        assert done.returncode == 0
        assert done.stdout.startswith(f"usage: {typed} [-h] [loss]\n")
        assert "\n    tfcmc losses triplet\n" in done.stdout


def test_the_same_command(tfcmc, command, project):
    """As its module, also where others of its name come first."""
    wanted = command("trainers.losses", "triplet")
    found = tfcmc("losses", "triplet", folder=project, path=[project])
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout == wanted.stdout


def test_processes_of_its_own(project, monkeypatch):
    """Are of this library and its commands, wherever they are started."""
    (project / "tfcmc").mkdir()
    (project / "tfcmc" / "__init__.py").write_text("raise SystemExit('no')")
    (project / "random.py").write_text("raise SystemExit('no')")
    monkeypatch.chdir(project)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    job = workers.Job("card", ("trainers.losses", "triplet"), None)
    ended, lines = workers.run_one(job)
    assert (ended.code, ended.told) == (0, "")
    assert lines[0].startswith("triplet(margin=0.2")
