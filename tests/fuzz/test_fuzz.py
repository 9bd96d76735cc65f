"""A short fuzz of what reads foreign bytes, and all that longer ones found.

Atheris is there for each version of Python that tfcmc runs on, on Linux.
"""

import importlib.util
import os
import re
import subprocess
import sys

import pytest

from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.registry import parse_spec
from tfcmc.losses import LOSSES

RUNS = {"spec": 30_000, "stl10": 3_000}


@pytest.mark.parametrize("target", RUNS)
def test_short_fuzz(target, tmp_path):
    """So many inputs, always the same, and no finding."""
    if importlib.util.find_spec("atheris") is None:
        if os.environ.get("CI") and sys.platform == "linux":
            pytest.fail("Atheris must be there in CI")
        pytest.skip("Atheris is not there")
    # Not at the top: without Atheris the inputs below are still tried.
    from tests.fuzz import spec, stl10

    seeds = {"spec": map(str.encode, spec.SEEDS), "stl10": stl10.seeds()}
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, data in enumerate(seeds[target]):
        (corpus / str(number)).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-m", f"tests.fuzz.{target}", "-seed=1"]
        + [f"-runs={RUNS[target]}", "-timeout=20", "-rss_limit_mb=4096"]
        + [f"-artifact_prefix={tmp_path}/", str(corpus)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"Done {RUNS[target]} runs" in done.stderr
    # It is guided: inputs that reach new places were kept.
    (start,) = re.findall(r"INITED cov: (\d+)", done.stderr)
    (end,) = re.findall(r"DONE   cov: (\d+)", done.stderr)
    assert int(end) > 40 and int(end) >= int(start)


FOUND = (
    # A number that Python reads and will not write.
    f"softmax(temperature=0x{'f' * 4000})",
    # A sum that is too large for a complex number.
    f"softmax(temperature=0x{'f' * 300}+1j)",
    # Warned of by Python itself, since 3.12 on the screen.
    "softmax(temperature='\\d')",
    # Deeper than the parser, or the reader of literals, goes.
    f"softmax(temperature={'-' * 9000}1)",
    f"softmax(temperature={'[' * 90}{']' * 90})",
    f"softmax(temperature={'1+' * 4000}1j)",
    "softmax(temperature={[]: 1})",
    "softmax(temperature=\udcff)",
    "x" * 10_001,
)


@pytest.mark.parametrize("text", FOUND, ids=lambda text: ascii(text[:30]))
@pytest.mark.filterwarnings("error")
def test_found(text):
    """Each is refused in two lines that end."""
    with pytest.raises(UsageError) as caught:
        LOSSES.lookup(text)
    told = str(caught.value)
    assert len(told) < 500 and told.count("\n") <= 1


def test_found_in_arguments():
    """A folder's name keeps the space at its end."""
    assert parse_spec("folder:a ") == ("folder", {}, "a ")
    assert parse_spec(" folder: a") == ("folder", {}, " a")
