"""The architecture, read off the imports."""

import ast

from tests.conftest import ROOT, SOURCES

LINT = "from importlinter.cli import lint_imports_command as c; c()"
ROOMS = ROOT / "tfcmc"
ABOVE = tuple(
    f"tfcmc.{room}"
    for room in (
        "experiment",
        "comparison",
        "studies",
        "using",
        "cli",
        "commands",
        "searches",
    )
)
COMMANDS = ("trainers", "tuning", "cli", "commands", "searches")


def module_of(path):
    """The dotted name of a file; a folder's for its `__init__`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {path: module_of(path) for path in SOURCES}
TREES = {path: ast.parse(path.read_text("utf-8")) for path in SOURCES}


def imported(nodes):
    """Yields the module, ours to the last name, of every import."""
    known = set(MODULES.values())
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in known else node.module


def test_a_room_imports_only_from_rooms_below_it(python):
    """The layers of `pyproject.toml` hold."""
    found = python("-c", LINT)
    assert found.returncode == 0, found.stdout


def test_a_member_imports_its_base_and_not_its_door():
    """Within a folder nothing imports the folder's own `__init__`."""
    for path, tree in TREES.items():
        folder = ".".join(path.relative_to(ROOT).parts[:-1])
        if path.stem not in ("__init__", "__main__"):
            assert folder not in imported(ast.walk(tree)), path


def test_imports_stand_at_the_top():
    """No import inside a function, save in the commands."""
    for path, tree in TREES.items():
        top = set(map(id, tree.body))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert id(node) in top or path.parts[-2] in COMMANDS, path


def test_names_stop_at_the_experiment():
    """Below `experiment` nothing reads a config or looks a spec up.

    But for the loss that a user's own training takes by its name.
    """
    for path, module in MODULES.items():
        if module.startswith(ABOVE) or not module.startswith("tfcmc."):
            continue
        for name in imported(ast.walk(TREES[path])):
            assert not name.startswith("tfcmc.experiment"), path
        for line in path.read_text("utf-8").splitlines():
            looks_up = ".lookup(" in line and "`" not in line
            known = path.stem in ("registry", "of_views")
            assert not looks_up or known, (path, line)


def test_no_module_and_function_share_a_dotted_name():
    """`tfcmc.losses.nce` is the module, whatever was imported before."""
    for door in ROOMS.rglob("__init__.py"):
        there = {path.stem for path in door.parent.iterdir()}
        for node in TREES[door].body:
            if isinstance(node, ast.ImportFrom):
                names = {alias.name for alias in node.names}
                assert node.module == MODULES[door] or not names & there, door


def test_the_command_line_loads_nothing_heavy():
    """What `--help` imports never imports TensorFlow at the top."""
    heavy = {"tensorflow", "keras", "sklearn", "matplotlib", "PIL", "torch"}
    heavy |= {"keras_tuner", "grpc", "pandas", "jinja2"}
    for path, tree in TREES.items():
        # Scripts of PyTorch's own, which run only as processes of their own.
        if not MODULES[path].startswith("benchmarks.torch_"):
            names = {name.split(".")[0] for name in imported(tree.body)}
            assert not names & heavy, path


def test_the_tree_in_contributing_is_the_folders_own():
    """Each room once, with the first line of its door, and no other."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    found = [each for each in text.splitlines() if each.startswith("tfcmc/")]
    assert found == list(tree())


def tree():
    """Yields a line a room: its name and what its `__init__` says."""
    for door in sorted(ROOMS.rglob("__init__.py")):
        if door.parent != ROOMS:
            words = ast.get_docstring(ast.parse(door.read_text("utf-8")))
            room = door.parent.relative_to(ROOT).as_posix() + "/"
            yield f"{room:<26}{words.splitlines()[0]}"
