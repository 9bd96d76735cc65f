"""The table as it is printed on a screen."""

from tfcmc.report import Cell, Column, Row, screen_text

COLUMNS = (
    Column("accuracy", "linear probe", "%", 1, "higher", "linear"),
    Column("rank", "effective rank", "", 0),
)


def test_screen():
    """Means to their digits, deviations beneath, what is not there empty."""
    rows = [
        Row("raw pixels", "raw", {"accuracy": Cell(9.44)}),
        Row(
            "softmax(temperature=0.07)",
            "loss",
            {"accuracy": Cell(59.26, 0.449, 3), "rank": Cell(390.4, 0.2, 3)},
        ),
    ]
    assert screen_text(COLUMNS, rows).splitlines() == [
        "                           linear  effective rank",
        "raw pixels                    9.4",
        "softmax(temperature=0.07)    59.3             390",
        "                             ±0.4             ±<1",
        "",
        "Accuracies in %. Mean ± standard deviation of 3 seeds.",
    ]


def test_one_seed():
    """No line of deviations where there are none."""
    rows = [Row("nce", "loss", {"accuracy": Cell(1.25), "rank": Cell(None)})]
    lines = screen_text(COLUMNS, rows).splitlines()
    assert len(lines) == 4
    assert lines[-1] == "Accuracies in %. One seed a row: no spread is known."
