"""The architecture, read off the imports."""

import ast
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
LINT = "from importlinter.cli import lint_imports_command as c; c()"
ROOMS = ROOT / "tfcmc"
ABOVE = tuple(
    f"tfcmc.{room}"
    for room in ("experiment", "comparison", "using", "cli", "search")
)
COMMANDS = ("trainers", "tuning", "cli", "search")
FOLDERS = ("tfcmc", "trainers", "tuning", "benchmarks")
FILES = sorted(
    path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")
)


def module_of(path):
    """The dotted name of a file; a folder's for its `__init__`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path):
    """Yields `(node, module)` of every import of our own code."""
    known = {module_of(file) for file in FILES}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            names = [
                name if name in known else node.module
                for alias in node.names
                for name in [f"{node.module}.{alias.name}"]
            ]
        for name in names:
            if name.split(".")[0] in FOLDERS:
                yield node, name


def test_a_room_imports_only_from_rooms_below_it():
    """The layers of `pyproject.toml` hold."""
    command = [sys.executable, "-c", LINT]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


def test_a_member_imports_its_base_and_not_its_door():
    """Within a folder nothing imports the folder's own `__init__`."""
    for path in FILES:
        folder = ".".join(path.relative_to(ROOT).parts[:-1])
        if path.stem != "__init__":
            names = {name for _, name in imports_of(path)}
            assert folder not in names, path


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_stand_at_the_top(path):
    """No import inside a function, save in the commands; no star."""
    tree = ast.parse(path.read_text("utf-8"))
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert id(node) in top or path.parts[-2] in COMMANDS, path
            assert all(alias.name != "*" for alias in node.names), path


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_names_stop_at_the_experiment(path):
    """Below `experiment` nothing reads a config or looks a spec up."""
    module = module_of(path)
    room = ".".join(module.split(".")[:2])
    if room in ABOVE or not module.startswith("tfcmc."):
        return
    assert not any(
        name.startswith("tfcmc.experiment") for _, name in imports_of(path)
    )
    if module != "tfcmc.foundation.registry":
        calls = [
            line
            for line in path.read_text("utf-8").splitlines()
            if ".lookup(" in line and "`" not in line
        ]
        assert not calls, calls


def test_no_module_and_function_share_a_dotted_name():
    """`tfcmc.losses.nce` is the module, whatever was imported before."""
    for door in ROOMS.rglob("__init__.py"):
        there = {path.stem for path in door.parent.iterdir()}
        for node in ast.parse(door.read_text("utf-8")).body:
            if isinstance(node, ast.ImportFrom):
                module = module_of(door)
                for alias in node.names:
                    own = node.module == module
                    assert own or alias.name not in there, (module, alias.name)


def test_the_command_line_loads_nothing_heavy():
    """What `--help` imports never imports TensorFlow at the top."""
    heavy = {"tensorflow", "keras", "sklearn", "matplotlib", "PIL", "torch"}
    heavy |= {"keras_tuner", "grpc", "pandas", "jinja2"}
    for path in FILES:
        # A script of PyTorch's own, which runs only as a process of its own.
        if module_of(path) == "benchmarks.torch_recipe":
            continue
        for node in ast.parse(path.read_text("utf-8")).body:
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            assert not {name.split(".")[0] for name in names} & heavy, path


def test_the_tree_in_contributing_is_the_folders_own():
    """Each room once, with the first line of its door."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for line in tree():
        assert line in text.splitlines(), line


def tree():
    """Yields a line a room: its name and what its `__init__` says."""
    for door in sorted(ROOMS.rglob("__init__.py")):
        if door.parent != ROOMS:
            words = ast.get_docstring(ast.parse(door.read_text("utf-8")))
            room = door.parent.relative_to(ROOT).as_posix() + "/"
            yield f"{room:<26}{words.splitlines()[0]}"
