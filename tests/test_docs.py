"""The documentation: its pages, links and notebooks, without building it."""

import ast
import fnmatch
import pathlib
import re

import pytest

DOCS = pathlib.Path(__file__).parents[1] / "docs"
PAGES = sorted(
    page
    for page in DOCS.rglob("*.md")
    # Written when the site is built.
    if page.relative_to(DOCS).parts[:2]
    not in {("reference", kind) for kind in ("commands", "losses", "methods")}
)
MADE = "reference/(commands|losses|methods|drawn)/"


def named(page):
    """Paths from `DOCS` that a page's links and figures name."""
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
        if not target.startswith("http"):
            place = (page.parent / target).resolve()
            if place.is_relative_to(DOCS):
                yield place.relative_to(DOCS).as_posix()
            else:
                assert place.exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links(page):
    """What a page names is there, or is made when the site is built."""
    for target in named(page):
        assert re.match(MADE, target) or (DOCS / target).exists(), target


def test_every_page_is_listed():
    """The index leads to each page that is kept."""
    text = (DOCS / "index.md").read_text("utf-8")
    blocks = re.findall(r"```\{toctree\}(.*?)```", text, re.S)
    lines = {line for block in blocks for line in block.splitlines()}
    kept = {
        page.relative_to(DOCS).with_suffix("").as_posix() for page in PAGES
    }
    listed = {
        name
        for name in kept
        if any(fnmatch.fnmatch(name, line) for line in lines)
    }
    assert kept - {"index"} <= listed
    for name in lines:
        if re.fullmatch(r"[\w/]+", name) and not re.match(MADE, name):
            assert name in kept


def test_notebooks_are_python():
    """Their cells can be read; the building of the site runs them."""
    notebooks = sorted((DOCS / "start").glob("*.md"))
    assert len(notebooks) == 3
    for notebook in notebooks:
        text = notebook.read_text("utf-8")
        assert "file_format: mystnb" in text
        cells = re.findall(r"```\{code-cell\} \w+\n(.*?)```", text, re.S)
        code = "\n".join(cells).replace("!python -m tfcmc", "# tfcmc")
        assert "import tfcmc" in code and ast.parse(code)
