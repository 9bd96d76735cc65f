"""Records of a report in which every name is hostile."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tfcmc.report import (
    Column,
    Finding,
    Picture,
    Report,
    Section,
    Table,
    write_report,
)

# What names of losses, files and classes may hold.
HOSTILE = (
    "<script>document.title = 'taken'</script>",
    "\"'><img src=x onerror=\"document.title='taken'\">",
    "</style></script><!-- & &amp; \\ `code` $x$ %d {{ 7*7 }} {% if %} $title",
    "猫 и кошка, قطة, חתול, 🐈",
    "a|b_c *d* [e](f) #g ~h ^i --j",
)
COLUMNS = (
    Column("both", "linear probe, both", "%", 1, "higher"),
    Column("alignment", "alignment", "", 3, "lower"),
    Column("rank", "effective rank", "", 0),
    Column("seconds", HOSTILE[4], "s", 2, "lower"),
)


def table_of(rows, columns=COLUMNS):
    """Makes a table; rows are label, kind and column key to mean, spread, n.

    A spread that is None is not known; a column that lacks has no value.
    """
    types = {"": float, "_deviation": float, "_count": "Int64"}
    types = {
        c.key: {c.key + part: types[part] for part in types} for c in columns
    }
    frame = pd.DataFrame(
        [
            {"label": label, "kind": kind}
            | {
                name: value
                for key, names in types.items()
                for name, value in zip(
                    names, cells.get(key, (None,) * 3), strict=True
                )
            }
            for label, kind, cells in rows
        ]
    )
    known = {name: t for names in types.values() for name, t in names.items()}
    return Table(columns, frame.set_index("label").astype(known))


@pytest.fixture
def random_rows(rng):
    """A function that makes rows, with a value missing here and there."""

    def make(labels, seeds=3):
        """Makes a row a label."""
        rows = []
        for number, label in enumerate(labels):
            cells = {}
            for place, column in enumerate(COLUMNS):
                values = 3**place * (rng.normal(size=seeds) + 3 * rng.normal())
                spread = values.std(ddof=1) if seeds > 1 else None
                if (number + place) % 5 != 4:
                    cells[column.key] = (values.mean(), spread, seeds)
            rows.append((label, "loss", cells))
        return rows

    return make


@pytest.fixture
def report(rng, random_rows, tmp_path):
    """A report in which every name is hostile, and what is in its figures."""
    paths = [tmp_path / f"{place} <b>&.png" for place in range(2)]
    for path, size in zip(paths, [(320, 200), (210, 330)], strict=True):
        noise = rng.integers(0, 255, (*size[::-1], 3), np.uint8)
        Image.fromarray(noise).save(path)
    control = {"both": (42.9, 0.3, 3), "rank": (373.0, 2.0, 3)}
    untrained = ("untrained encoders", "untrained", control)
    raw = ("raw pixels", "raw", {"both": (36.8, None, 1)})
    return Report(
        title=f"Losses on {HOSTILE[0]}",
        lead=(f"{HOSTILE[1]} leads.", f"Nothing else: {HOSTILE[2]}"),
        table=table_of([*random_rows(HOSTILE), untrained, raw]),
        more=(
            Section(
                "published",
                HOSTILE[2],
                table_of(
                    [(HOSTILE[3], "loss", {"both": (48.1, None, 1)})],
                    COLUMNS[:1],
                ),
                f"From {HOSTILE[0]}",
                HOSTILE[1],
            ),
        ),
        findings=tuple(
            Finding(name, epoch, name, name)
            for epoch, name in enumerate(HOSTILE)
        ),
        failures={HOSTILE[2]: HOSTILE[1]},
        pictures=tuple(
            Picture(name, HOSTILE[1], path)
            for name, path in zip(HOSTILE, paths, strict=False)
        ),
        cards={name: f"{name}\n    {name}" for name in HOSTILE},
        commands={HOSTILE[2]: f'python -m x --y="{HOSTILE[1]}" \\\n z'},
        settings={HOSTILE[0]: HOSTILE[2], "flip": True, "side": None},
        versions={"tfcmc": HOSTILE[1]},
        notes=HOSTILE,
    )


@pytest.fixture
def page(report, tmp_path):
    """The file of the report's page."""
    write_report(report, tmp_path / "report.html")
    return tmp_path / "report.html"
