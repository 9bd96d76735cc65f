"""What `pip install` brings: the wheel's files and what it says of itself."""

import email
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.conftest import ROOT
from tfcmc import __version__

pytest.importorskip("setuptools", "77.0.3")
PACKAGES = ("tfcmc", "trainers", "tuning")
ASIDE = ("benchmarks", "tests")  # what no wheel holds
FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built of a copy so that nothing of it stays here."""
    source = tmp_path_factory.mktemp("source")
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in (*PACKAGES, *ASIDE):
        shutil.copytree(ROOT / name, source / name, ignore=unwanted)
    for name in FILES:
        shutil.copy(ROOT / name, source)
    words = ("-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation")
    done = subprocess.run(
        [sys.executable, *words, "--wheel-dir=dist", "."],
        cwd=source,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (path,) = (source / "dist").iterdir()
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


@pytest.fixture(scope="module")
def metadata(wheel):
    """What it says of itself."""
    (name,) = (name for name in wheel if name.endswith("/METADATA"))
    return email.message_from_string(wheel[name].decode())


def test_files(wheel):
    """Every file of the library and the commands, and nothing else."""
    wanted = {
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {f"{name}/py.typed" for name in PACKAGES} < wanted
    assert "tfcmc/report/page.html" in wanted
    about = f"tfcmc-{__version__}.dist-info/"
    found = {name for name in wheel if not name.startswith(about)}
    assert found == wanted
    licence = wheel[f"{about}licenses/LICENSE"].decode()
    assert licence == (ROOT / "LICENSE").read_text("utf-8")
    assert "Copyright 2026 The tfcmc authors" in licence
    assert wheel[f"{about}entry_points.txt"].decode().split("\n")[:2] == [
        "[console_scripts]",
        "tfcmc = tfcmc.__main__:main",
    ]


def test_metadata(metadata):
    """Licence, versions of Python, extras, and the tuner's private names."""
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.10"
    versions = {
        line.rpartition(" ")[2]
        for line in metadata.get_all("Classifier")
        if line.startswith("Programming Language :: Python :: 3.")
    }
    assert versions == {"3.10", "3.11", "3.12", "3.13"}
    extras = {
        "gpu",
        "parquet",
        "hf",
        "onnx",
        "litert",
        "profile",
        "docs",
        "bench",
        "test",
    }
    assert set(metadata.get_all("Provides-Extra")) == extras
    needs = metadata.get_all("Requires-Dist")
    assert 'tensorflow[and-cuda]>=2.20; extra == "gpu"' in needs
    (tuner,) = (need for need in needs if need.startswith("keras-tuner"))
    assert "<1.5" in tuner


def test_the_description_leads_nowhere_dead(metadata):
    """Links are whole addresses; what the README links to is told as text."""
    readme = (ROOT / "README.md").read_text("utf-8")
    text = metadata.get_payload()
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert all(link.startswith("https://") for link in links)
    assert "![" not in text
    assert "(docs/results/index.md)" in readme
    assert "methods, speed: docs/results." in text
    heads = [re.findall("^## .*", part, re.M) for part in (text, readme)]
    assert heads[0] == heads[1]


def test_one_version():
    """The library's stands in the changelog and in the citation."""
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    newest = re.search(r"^## (\S+) - ", changes, re.M)
    assert newest.group(1) == __version__
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {__version__}\n" in citation
    assert "\nlicense: Apache-2.0\n" in citation
