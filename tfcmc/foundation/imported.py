"""The files that a Python file of the user's own imports from beside it."""

import ast
import contextlib
import hashlib
import pathlib
import warnings

# Of what is installed a version tells more than a text.
INSTALLED = {"site-packages", "dist-packages"}
OWN = "tfcmc"


def imported_files(file: pathlib.Path, package: str = "") -> dict:
    """Finds what a file imports, and what that does, by their texts alone.

    So that it is no matter what else is imported, or when.

    Args:
        file: Its path, resolved.
        package: The name of its package, if it is in one.

    Returns:
        The name of each module to its path: those that lie where the file
        does, or its topmost package.
    """
    root = file.parents[len(package.split(".")) if package else 0]
    if INSTALLED & {*file.parts}:
        return {}
    found, waiting = {}, [file]
    while waiting:
        for place in _places(waiting.pop(), root):
            name = ".".join(place.relative_to(root).parts)
            path = place.with_name(f"{place.name}.py")
            if not path.is_file():
                path = place / "__init__.py"
            if name not in found and path != file and path.is_file():
                found[name] = path
                waiting.append(path)
    return found


def text_of(files) -> str:
    """The SHA-256 of the texts of files together; "" of none."""
    digests = [hashlib.sha256(f.read_bytes()).hexdigest() for f in files]
    if not digests:
        return ""
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _places(file, root):
    """Yields where what a file imports would lie, without a suffix."""
    tree = ast.Module([], [])
    with contextlib.suppress(SyntaxError, ValueError):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(file.read_bytes())
    for node in ast.walk(tree):
        base, names = root, []
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            first = [node.module] if node.module else []
            names = [".".join([*first, each.name]) for each in node.names]
            if node.level:
                base = file.parents[min(node.level, len(file.parents)) - 1]
        for name in names:
            parts = name.split(".")
            if base == root and parts[0] == OWN:
                continue
            for count in range(1, len(parts) + 1):
                place = base.joinpath(*parts[:count])
                if root in place.parents:
                    yield place
