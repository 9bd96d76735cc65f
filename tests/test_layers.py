"""The architecture, read off the imports."""

import ast
import itertools
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
# From the ground up; a file imports only from layers below its own. Within a
# folder its base comes first, its members next, its contents page last.
LAYERS = [
    ["tfcmc", "tfcmc.lazy", "tfcmc.checks", "tfcmc.files", "tfcmc.text"],
    ["tfcmc.arrays", "tfcmc.paths", "tfcmc.records"],
    ["tfcmc.signals", "tfcmc.interval", "tfcmc.checkpoints", "tfcmc.locks"],
    ["tfcmc.registry", "tfcmc.config", "tfcmc.geometry", "tfcmc.runs"],
    ["tfcmc.identity"],
    ["tfcmc.cluster", "tfcmc.links"],
    ["tfcmc.addresses", "tfcmc.reception", "tfcmc.watch"],
    ["tfcmc.meeting"],
    ["tfcmc.blocks", "tfcmc.threads", "tfcmc.replicas", "tfcmc.strategies"],
    ["tfcmc.cards", "tfcmc.colour", "tfcmc.stored"],
    ["tfcmc.losses", "tfcmc.negatives", "tfcmc.encoders", "tfcmc.views"],
    ["tfcmc.crops", "tfcmc.probes", "tfcmc.metrics"],
    ["tfcmc.data"],
    ["tfcmc.model", "tfcmc.collapse", "tfcmc.doctor"],
    ["tfcmc.evaluation"],
    ["tfcmc.report", "tfcmc.summary", "tfcmc.tables"],
    ["tfcmc.callbacks", "tfcmc.figures", "tfcmc.board", "tfcmc.anatomy"],
    ["tfcmc.plan", "tfcmc.outputs"],
    ["tfcmc.stage", "tfcmc.ownership"],
    ["tfcmc.showing"],
    ["tfcmc.judging", "tfcmc.training"],
    [
        "tfcmc.experiment",
        "tfcmc.embedding",
        "tfcmc.neighbours",
        "tfcmc.verification",
    ],
    ["tfcmc.transformer", "tfcmc.comparison"],
    ["tuning.records"],
    ["tuning.ranking"],
    ["tuning.comparing"],
    [
        "trainers.workers",
        "trainers.settings_file",
        "trainers.noise",
        "trainers.screen",
        "trainers.faults",
    ],
    ["trainers.command_line"],
    ["trainers.machines"],
    ["trainers"],
    ["tuning", "tuning.ranges"],
    ["tuning.space"],
    ["tuning.oracle", "tuning.progress", "tuning.processes"],
    ["tuning.engine", "tuning.plan", "tuning.port"],
    ["tuning.distributed"],
    ["tuning.trial"],
    ["tuning.search"],
    ["benchmarks.machine", "benchmarks.measuring", "benchmarks.child"],
    ["benchmarks.loss_step"],
    ["benchmarks"],
]
SEAM = (
    "tfcmc.plan",
    "tfcmc.experiment",
    "tfcmc.training",
    "tfcmc.verification",
    "tfcmc.comparison.entries",
    "tfcmc.comparison.writing",
)
COMMANDS = ("trainers", "tuning")
FOLDERS = ("tfcmc", "trainers", "tuning", "benchmarks")
FILES = sorted(
    path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")
)


def module_of(path):
    """The dotted name of a file; a folder's for its `__init__`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module):
    """The number of a module's layer: that of its longest listed prefix."""
    best = max(
        (
            (len(name), number)
            for number, names in enumerate(LAYERS)
            for name in names
            if module == name or module.startswith(name + ".")
        ),
        default=None,
    )
    if best is None:
        pytest.fail(f"{module} is in no layer: add it to LAYERS")
    return best[1]


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


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_point_down(path):
    """A file imports from lower layers, or from below in its own folder."""
    module = module_of(path)
    for _, name in imports_of(path):
        if name == module:
            continue
        folder = (
            module if path.stem == "__init__" else module.rpartition(".")[0]
        )
        if layer_of(name) == layer_of(module):
            assert name.startswith(folder + "."), f"{module} imports {name}"
        else:
            assert layer_of(name) < layer_of(module), (
                f"{module} imports {name} from above"
            )


def test_no_cycles():
    """No file imports itself through others."""
    graph = {
        module_of(path): {name for _, name in imports_of(path)}
        for path in FILES
    }

    def visit(module, trail):
        assert module not in trail, " -> ".join([*trail, module])
        for name in graph.get(module, ()):
            if name != module:
                visit(name, [*trail, module])

    for module in graph:
        visit(module, [])


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
def test_names_stop_at_the_seam(path):
    """Below `plan` and `experiment` nothing reads a config or looks up."""
    module = module_of(path)
    if module in SEAM or module.startswith((*COMMANDS, "benchmarks")):
        return
    text = path.read_text("utf-8")
    assert not any(name == "tfcmc.config" for _, name in imports_of(path))
    if module != "tfcmc.registry":
        calls = [
            line
            for line in text.splitlines()
            if ".lookup(" in line and "`" not in line
        ]
        assert not calls, calls


def test_the_command_line_loads_nothing_heavy():
    """What `--help` imports never imports TensorFlow at the top."""
    heavy = {"tensorflow", "keras", "sklearn", "matplotlib", "PIL", "torch"}
    heavy |= {"keras_tuner", "grpc"}
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


@pytest.mark.parametrize("folder", ["tfcmc", "tuning"])
def test_the_readme_names_every_module(folder):
    """Each file and folder, once, and none that is gone."""
    text = (ROOT / "README.md").read_text("utf-8")
    lines = text.partition(f"\n{folder}/")[2].splitlines()[1:]
    named = []
    for line in itertools.takewhile(lambda line: line[:2] == "  ", lines):
        if line[2] != " ":
            named.append(line.split()[0].rstrip("/"))
    there = [
        path.name
        for path in (ROOT / folder).iterdir()
        if not path.name.startswith("_")
    ]
    assert sorted(named) == sorted(there)
