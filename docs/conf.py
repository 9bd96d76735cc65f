"""How the documentation is built: `python -m sphinx -W docs build/docs`.

Notebooks are run, and the pages of commands, losses and methods are written
from their parsers and cards: what they say is what the code does.
"""

import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# The kernels of notebooks are started elsewhere, and import it too.
os.environ["PYTHONPATH"] = str(HERE.parent)

import generated  # noqa: E402

import tfcmc  # noqa: E402

project = "tfcmc"
author = "The tfcmc authors"
copyright = "The tfcmc authors"
release = version = tfcmc.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["build"]
html_theme = "furo"
html_title = f"tfcmc {release}"
html_static_path = []

# No formula is set by a script from elsewhere: the site reads offline.
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 900
nb_merge_streams = True

autodoc_typehints = "none"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Formula", "Range", "Reference"]


def plain(app, what, name, obj, options, lines):
    """Makes of a docstring's signs what reStructuredText takes for them."""
    text = "\n".join(lines)
    text = re.sub(r"(?m)^Example:$", "Example::", text)
    # What stands between backquotes is code, and all else is no markup.
    parts = re.split(r"(`[^`]+`)", text)
    parts[::2] = [re.sub(r"([|*])", r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [f"`{part}`" for part in parts[1::2]]
    # Code that a letter follows, as in "`Finding`s", ends all the same.
    parts[2::2] = [re.sub(r"^(?=\w)", r"\\ ", part) for part in parts[2::2]]
    lines[:] = "".join(parts).split("\n")


def setup(app):
    """Writes the pages that are made from the code, before any is read."""
    app.connect("autodoc-process-docstring", plain, priority=400)
    app.connect(
        "builder-inited", lambda _: generated.write(HERE / "reference")
    )
