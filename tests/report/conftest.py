"""Records of a report in which every name is hostile."""

import numpy as np
import pytest
from PIL import Image

from tfcmc.report import (
    Cell,
    Column,
    Command,
    Failure,
    Finding,
    LossCard,
    Picture,
    Report,
    Row,
    write_report,
)

# What names of losses, files and classes may hold.
HOSTILE = (
    "<script>document.title = 'taken'</script>",
    "\"'><img src=x onerror=\"document.title='taken'\">",
    "</style></script><!-- & &amp; \\ `code` $x$ %d {0} $title",
    "猫 и кошка, قطة, חתול, 🐈",
    "a|b_c *d* [e](f) #g ~h ^i --j",
)
COLUMNS = (
    Column("both", "linear probe, both", "%", 1, "higher"),
    Column("alignment", "alignment", "", 3, "lower"),
    Column("rank", "effective rank", "", 0),
    Column("seconds", HOSTILE[4], "s", 2, "lower"),
)


@pytest.fixture(scope="session")
def hostile():
    """What names of losses, files and classes may hold."""
    return HOSTILE


@pytest.fixture(scope="session")
def columns():
    """Columns of all kinds."""
    return COLUMNS


@pytest.fixture
def random_rows(rng):
    """A function that makes rows, with a value missing here and there."""

    def make(labels, seeds=3):
        """Makes a row a label."""
        rows = []
        for number, label in enumerate(labels):
            cells = {}
            for place, column in enumerate(COLUMNS):
                values = rng.normal(size=seeds) * 3**place - 4 * place + 50
                spread = values.std(ddof=1) if seeds > 1 else None
                cells[column.key] = Cell(values.mean(), spread, seeds)
                if (number + place) % 5 == 4:
                    cells[column.key] = None
            rows.append(Row(label, "loss", cells))
        return rows

    return make


@pytest.fixture
def report(rng, random_rows, tmp_path):
    """A report in which every name is hostile, and what is in its figures."""
    sizes = [(320, 200), (210, 330)]
    for place, size in enumerate(sizes):
        noise = rng.integers(0, 255, (*size[::-1], 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{place} <b>&.png")
    rows = random_rows(HOSTILE)
    control = {"both": Cell(42.9, 0.3, 3), "rank": Cell(373.0, 2.0, 3)}
    return Report(
        title=f"Losses on {HOSTILE[0]}",
        lead=f"{HOSTILE[1]} leads.\n\nNothing else: {HOSTILE[2]}",
        columns=COLUMNS,
        rows=(
            *rows,
            Row("untrained encoders", "untrained", control),
            Row("raw pixels", "raw", {"both": Cell(36.8)}, HOSTILE[1]),
        ),
        published=(Row(HOSTILE[3], "loss", {"both": Cell(48.1)}),),
        published_caption=f"From {HOSTILE[0]}",
        findings=tuple(
            Finding(name, epoch, name, name)
            for name, epoch in zip(HOSTILE, (1, None, 3, 4, 5), strict=True)
        ),
        failures=(Failure(HOSTILE[2], HOSTILE[1]),),
        pictures=tuple(
            Picture(HOSTILE[place], HOSTILE[1], tmp_path / f"{place} <b>&.png")
            for place in range(len(sizes))
        ),
        cards=tuple(LossCard(name, f"{name}\n    {name}") for name in HOSTILE),
        commands=(
            Command(HOSTILE[2], f'python -m x --y="{HOSTILE[1]}" \\\n z'),
        ),
        settings={HOSTILE[0]: HOSTILE[2], "flip": True, "side": None},
        versions={"tfcmc": HOSTILE[1]},
        notes=HOSTILE,
    )


@pytest.fixture
def page(report, tmp_path):
    """The file of the report's page."""
    write_report(report, tmp_path / "report.html")
    return tmp_path / "report.html"
