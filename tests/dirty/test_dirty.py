"""Every bad input is read right or told plainly: no traceback, no wait."""

import shutil

import pytest

from tests.dirty.arrays import ARRAYS
from tests.dirty.binaries import BINARIES
from tests.dirty.case import answers, try_case
from tests.dirty.clusters import CLUSTERS
from tests.dirty.folders import FOLDERS
from tests.dirty.paths import PATHS
from tests.dirty.pictures import IMAGES
from tests.dirty.prepared import PREPARED
from tests.dirty.runs import RUNS

CASES = IMAGES | FOLDERS | ARRAYS | BINARIES | PREPARED | PATHS | RUNS
CASES |= CLUSTERS
ANSWERS = answers()


@pytest.mark.parametrize("name", CASES)
def test_case(name, request, tmp_path, capsys):
    """It gets what docs/bad_inputs.md says."""
    case = CASES[name]
    folder = tmp_path / "x"
    if case.needs:
        shutil.copytree(request.getfixturevalue(case.needs), folder)
    else:
        folder.mkdir()
    try_case(case, *ANSWERS[name], folder, capsys)


def test_every_answer_is_tried():
    """The page has a row for each case, in its order, and no other."""
    assert list(ANSWERS) == list(CASES)
    for name, (answer, _) in ANSWERS.items():
        assert (answer == "read") == (CASES[name].check is not None), name
