"""The tables as text, read back."""

import csv
import dataclasses
import decimal
import io
import itertools
import math
import re

import matplotlib.mathtext
from scipy import stats

from tfcmc.report import Cell, Column, Row, csv_text, latex, markdown
from tfcmc.report.cells import leaders


def rounded(value, digits):
    """Rounds the exact value of a float."""
    step = decimal.Decimal(1).scaleb(-digits)
    return str(decimal.Decimal(float(value)).quantize(step))


def led_by(column, rows):
    """The rule, written out: the best, by Welch's test against the next."""
    known = [row for row in rows if row.cells[column.key] is not None]
    sign = {"higher": 1, "lower": -1, "": math.nan}[column.better]
    for row in known:
        mine = row.cells[column.key]
        others = [each.cells[column.key] for each in known if each is not row]
        gaps = [sign * (mine.mean - other.mean) for other in others]
        gap, place = min((gap, place) for place, gap in enumerate(gaps))
        test = stats.ttest_ind_from_stats(
            *(mine.mean, mine.deviation, mine.count),
            *dataclasses.astuple(others[place]),
            equal_var=False,
        )
        if gap > 0 and test.pvalue < 0.05:
            return row
    return None


def test_a_leader_is_beyond_chance(random_rows, columns, hostile):
    """Bold is what the rule says, and nothing that the spread explains."""
    seen = set()
    for _ in range(300):
        rows = random_rows(hostile)
        found = leaders(columns, rows)
        for column in columns:
            expected = led_by(column, rows)
            assert found.get(column.key) is expected
            seen.add((column.key, expected is None))
    led = {"both", "alignment", "seconds"}
    assert seen == {*itertools.product(led, (True, False)), ("rank", True)}


def test_one_seed_never_leads_and_is_never_led(random_rows, columns, hostile):
    """No spread is known of one seed; raw pixels have none."""
    rows = random_rows(hostile, seeds=1)
    assert leaders(columns, rows) == {}
    assert "no value is marked" in markdown(columns, rows)
    best = Row("best", "loss", {"both": Cell(90.0, 1.0, 3)})
    for kind, expected in (("loss", {}), ("raw", {"both": best})):
        other = Row("other", kind, {"both": Cell(80.0)})
        assert leaders(columns, [other, best]) == expected


def test_markdown_says_the_numbers(random_rows, columns, hostile):
    """Each cell holds mean and deviation, rounded; bold where it leads."""
    rows = random_rows(hostile)
    lines = markdown(columns, rows).splitlines()
    assert len({len(line) for line in lines[: len(rows) + 2]}) == 1
    for row, line in zip(rows, lines[2:-2], strict=True):
        label, *cells = re.split(r"(?<!\\)\|", line)[1:-1]
        assert re.sub(r"\\([^\w\s])", r"\1", label).strip() == row.label
        for column, text in zip(columns, cells, strict=True):
            cell = row.cells[column.key]
            if cell is None:
                assert text.strip() == ""
                continue
            mean = rounded(cell.mean, column.digits)
            if led_by(column, rows) is row:
                mean = f"**{mean}**"
            spread = rounded(cell.deviation, column.digits)
            assert text.strip() == f"{mean} ± {spread}"
    assert "of 3 seeds" in lines[-1]


def test_a_small_spread_is_not_shown_as_none():
    """It reads <0.1; none at all reads 0.0; a zero has no sign."""
    column = Column("x", "x", "%", 1, "higher")
    cells = [Cell(5.04, 0.03, 2), Cell(-0.04, 0.0, 2), Cell(math.nan, None, 1)]
    rows = [Row("r", "loss", {"x": cell}) for cell in cells]
    text = markdown([column], rows)
    assert "5.0 ± <0.1" in text
    assert "| 0.0 ± 0.0" in re.sub(" +", " ", text)
    assert "nan |" in text
    assert r"5.0 \pm {<}0.1" in latex([column], rows)


def test_rows_of_fewer_seeds_say_so(random_rows, columns, hostile):
    """Where counts differ each row tells its own, but raw pixels none."""
    rows = random_rows(hostile[3:]) + random_rows(["late"], seeds=2)
    rows.append(Row("raw", "raw", {"both": Cell(1.0)}))
    text = markdown(columns, rows)
    assert "late (2 seeds)" in text and "(3 seeds)" in text
    assert "| raw " in text and "over seeds" in text


def test_csv_gives_every_number_back(random_rows, columns, hostile):
    """Nothing is rounded, and names survive."""
    rows = random_rows([*hostile, "two\nlines, and ;", "=1+1", "-x"])
    read = list(csv.DictReader(io.StringIO(csv_text(columns, rows))))
    assert len(read) == len(rows)
    for row, line in zip(rows, read, strict=True):
        label = f"'{row.label}" if row.label[0] in "=-" else row.label
        assert (line["label"], line["kind"]) == (label, "loss")
        for column in columns:
            texts = [
                line[column.key + part]
                for part in ("", "_deviation", "_count")
            ]
            cell = row.cells[column.key]
            if cell is None:
                assert texts == ["", "", ""]
            else:
                numbers = [cell.mean, cell.deviation, cell.count]
                assert [float(text) for text in texts] == numbers


def test_latex_obeys_no_name(random_rows, columns, hostile):
    """Whatever a name holds, a row has its cells and nothing is a command."""
    signs = "".join(map(chr, range(33, 127)))
    rows = random_rows([*hostile, signs])
    lines = latex(columns, rows).splitlines()
    title, _, *body, _, _, _ = lines[lines.index(r"\hline") + 1 :]
    assert title.count("&") == len(columns)
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
    for row, line in zip(rows, body, strict=True):
        line = line.removesuffix(r" \\")
        label, *cells = re.split(r"(?<!\\) & ", line)
        assert len(cells) == len(columns)
        tokens = escapes.findall(label)
        assert "".join(tokens) == label
        told = "".join(known.get(token, token[-1]) for token in tokens)
        assert told == " ".join(row.label.split())
        for column, text in zip(columns, cells, strict=True):
            cell = row.cells[column.key]
            if cell is None:
                assert text == ""
                continue
            parser.parse(text)
            mean = rounded(cell.mean, column.digits)
            if led_by(column, rows) is row:
                mean = rf"\mathbf{{{mean}}}"
            spread = rounded(cell.deviation, column.digits)
            assert text == rf"${mean} \pm {spread}$"
