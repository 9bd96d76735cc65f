"""The tables as text, read back; and what is marked in them."""

import csv
import decimal
import io
import itertools
import math
import re

import matplotlib.mathtext
import numpy as np
import pytest
from scipy import stats

from tests.report.conftest import COLUMNS, HOSTILE, table_of
from tfcmc.foundation.errors import UsageError
from tfcmc.report import (
    Column,
    csv_text,
    latex,
    markdown,
    over_seeds,
    screen_text,
)


def rounded(value, digits):
    """Rounds the exact value of a float."""
    step = decimal.Decimal(1).scaleb(-digits)
    return str(decimal.Decimal(float(value)).quantize(step))


def led_by(column, rows):
    """The rule, written out: the best, by Welch's test against the next."""
    known = {
        label: cells[column.key]
        for label, _, cells in rows
        if column.key in cells
    }
    sign = {"higher": 1, "lower": -1, "": math.nan}[column.better]
    for label, mine in known.items():
        others = [cell for other, cell in known.items() if other != label]
        gaps = [sign * (mine[0] - other[0]) for other in others]
        gap, place = min((gap, place) for place, gap in enumerate(gaps))
        test = stats.ttest_ind_from_stats(
            *mine, *others[place], equal_var=False
        )
        if gap > 0 and test.pvalue < 0.05:
            return label
    return None


def expected(rows, write):
    """Yields label and texts of each row, as the rules say."""
    led = {column.key: led_by(column, rows) for column in COLUMNS}
    for label, _, cells in rows:
        yield (
            label,
            [
                write(
                    rounded(cells[column.key][0], column.digits),
                    rounded(cells[column.key][1], column.digits),
                    led[column.key] == label,
                )
                if column.key in cells
                else ""
                for column in COLUMNS
            ],
        )


def test_over_seeds(rng):
    """Mean and sample deviation against loops; not of some of the seeds."""
    values = rng.normal(size=4)
    records = [{"label": "a", "kind": "loss", "rank": x} for x in values]
    records[2]["both"] = 3.0
    records.append({"label": "b", "kind": "raw", "both": 1.5})
    table = over_seeds(COLUMNS, records)
    both, rank = table.columns
    mean = sum(values) / 4
    spread = (sum((value - mean) ** 2 for value in values) / 3) ** 0.5
    found = table.cell("a", rank)
    np.testing.assert_allclose(found, (mean, spread, 4), rtol=1e-12)
    assert table.cell("b", both) == (1.5, None, 1)
    assert table.cell("a", both) is None and table.losses() == ["a"]


def test_a_leader_is_beyond_chance(random_rows):
    """Bold is what the rule says, and nothing that the spread explains."""
    seen = set()
    for _ in range(30):
        rows = random_rows(HOSTILE)
        found = table_of(rows).leaders()
        for column in COLUMNS:
            leader = led_by(column, rows)
            assert found.get(column.key) == leader
            seen.add((column.key, leader is None))
    led = {"both", "alignment", "seconds"}
    assert seen == {*itertools.product(led, (True, False)), ("rank", True)}


def test_one_seed_never_leads_and_is_never_led(random_rows):
    """No spread is known of one seed; raw pixels have none."""
    table = table_of(random_rows(HOSTILE, seeds=1))
    assert table.leaders() == {}
    assert "no value is marked" in markdown(table)
    best = ("best", "loss", {"both": (90.0, 1.0, 3)})
    for kind, leading in (("loss", {}), ("raw", {"both": "best"})):
        other = ("other", kind, {"both": (80.0, None, 1)})
        assert table_of([other, best]).leaders() == leading


def test_markdown_says_the_numbers(random_rows):
    """Each cell holds mean and deviation, rounded; bold where it leads."""
    rows = random_rows(HOSTILE)
    lines = markdown(table_of(rows)).splitlines()
    assert len({len(line) for line in lines[: len(rows) + 2]}) == 1

    def write(mean, spread, leads):
        return f"**{mean}** ± {spread}" if leads else f"{mean} ± {spread}"

    told = zip(expected(rows, write), lines[2:-2], strict=True)
    for (label, texts), line in told:
        shown, *cells = re.split(r"(?<!\\)\|", line)[1:-1]
        assert re.sub(r"\\([^\w\s])", r"\1", shown).strip() == label
        assert [cell.strip() for cell in cells] == texts
    assert "of 3 seeds" in lines[-1]


def test_a_small_spread_is_not_shown_as_none():
    """It reads <0.1; none at all reads 0.0; a zero has no sign."""
    column = Column("x", "x", "%", 1, "higher")
    cells = {"a": (5.04, 0.03, 2), "b": (-0.04, 0.0, 2)}
    rows = [(label, "loss", {"x": cell}) for label, cell in cells.items()]
    table = table_of(rows, (column,))
    assert "5.0 ± <0.1" in markdown(table)
    assert "| 0.0 ± 0.0" in re.sub(" +", " ", markdown(table))
    assert r"5.0 \pm {<}0.1" in latex(table)


def test_rows_of_fewer_seeds_say_so(random_rows):
    """Where counts differ each row tells its own, but raw pixels none."""
    rows = random_rows(HOSTILE[3:]) + random_rows(["late"], seeds=2)
    rows.append(("raw", "raw", {"both": (1.0, None, 1)}))
    text = markdown(table_of(rows))
    assert "late (2 seeds)" in text and "(3 seeds)" in text
    assert "| raw " in text and "over seeds" in text


def test_csv_gives_every_number_back(random_rows):
    """Nothing is rounded, and names survive."""
    rows = random_rows([*HOSTILE, "two\nlines, and ;", "=1+1", "-x"])
    text = csv_text(table_of(rows))
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(read) == len(rows)
    for (label, kind, cells), line in zip(rows, read, strict=True):
        shown = f"'{label}" if label[0] in "=-" else label
        assert (line["label"], line["kind"]) == (shown, kind)
        for column in COLUMNS:
            parts = ("", "_deviation", "_count")
            texts = tuple(line[column.key + part] for part in parts)
            if column.key in cells:
                assert tuple(map(float, texts)) == cells[column.key]
            else:
                assert texts == ("", "", "")


def test_latex_obeys_no_name(random_rows):
    """Whatever a name holds, a row has its cells and nothing is a command."""
    rows = random_rows([*HOSTILE, "".join(map(chr, range(33, 127)))])
    rows.append(("raw", "raw", {}))
    lines = latex(table_of(rows)).splitlines()
    title, _, *body, rule, raw, _, _, _ = lines[lines.index(r"\hline") + 1 :]
    # A line parts the controls from the losses.
    assert (rule, raw) == (r"\hline", r"raw &  &  &  &  \\")
    assert title.count("&") == len(COLUMNS)
    assert r"(\%) $\uparrow$" in title
    parser = matplotlib.mathtext.MathTextParser("path")
    known = {
        r"\textbackslash{}": "\\",
        r"\textasciitilde{}": "~",
        r"\textasciicircum{}": "^",
        r"\textless{}": "<",
        r"\textgreater{}": ">",
        r"\textbar{}": "|",
    }
    escapes = re.compile(r"\\text\w+\{\}|\\[%_&#${}]|[^\\%_&#${}~^<>|]")

    def write(mean, spread, leads):
        text = rf"\mathbf{{{mean}}}" if leads else mean
        parser.parse(rf"${text} \pm {spread}$")
        return rf"${text} \pm {spread}$"

    for (label, texts), line in zip(
        expected(rows[:-1], write), body, strict=True
    ):
        shown, *cells = re.split(r"(?<!\\) & ", line.removesuffix(r" \\"))
        assert cells == texts
        tokens = escapes.findall(shown)
        assert "".join(tokens) == shown
        told = "".join(known.get(token, token[-1]) for token in tokens)
        assert told == " ".join(label.split())


def test_screen():
    """Means to their digits, deviations beneath, what is not there empty."""
    columns = (
        Column("accuracy", "linear probe", "%", 1, "higher", "linear"),
        Column("rank", "effective rank", "", 0),
    )
    raw = ("raw pixels", "raw", {"accuracy": (9.44, None, 1)})
    cells = {"accuracy": (59.26, 0.449, 3), "rank": (390.4, 0.2, 3)}
    loss = ("softmax(temperature=0.07)", "loss", cells)
    assert screen_text(table_of([raw, loss], columns)).splitlines() == [
        "                           linear  effective rank",
        "raw pixels                    9.4",
        "softmax(temperature=0.07)    59.3             390",
        "                             ±0.4             ±<1",
        "",
        "Accuracies in %. Mean ± standard deviation of 3 seeds.",
    ]
    alone = ("nce", "loss", {"accuracy": (1.25, None, 1)})
    lines = screen_text(table_of([alone], columns)).splitlines()
    assert len(lines) == 4
    assert lines[-1] == "Accuracies in %. One seed a row: no spread is known."


def test_a_way_that_is_none():
    """It would be drawn as neither."""
    with pytest.raises(UsageError, match="`better` must be one of"):
        Column("k", "t", better="up")
