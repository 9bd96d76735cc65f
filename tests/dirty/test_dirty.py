"""Every bad input is read right or told plainly: no traceback, no wait."""

import shutil

import pytest

from tests.dirty.case import Case, try_case
from tests.dirty.table import CASES, DOCUMENT, table


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, request, tmp_path, capsys):
    """It gets what the table says."""
    folder = tmp_path / "x"
    if case.needs:
        shutil.copytree(request.getfixturevalue(case.needs), folder)
    else:
        folder.mkdir()
    try_case(case, folder, capsys)


def test_table_is_written_down():
    """`python -m tests.dirty.table` prints the page of the documentation."""
    assert len({case.name for case in CASES}) == len(CASES) >= 60
    assert DOCUMENT.read_text("utf-8") == table()
