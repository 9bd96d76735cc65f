"""The page as text, read back."""

import base64
import html.parser
import re

import pytest
from PIL import Image

from tests.report.conftest import COLUMNS, HOSTILE, table_of
from tfcmc.foundation.errors import UsageError
from tfcmc.report import Column, Picture, Report, write_report

VOID = {"meta", "link", "img", "input", "wbr", "line", "circle"}
LITTLE = ("a", "loss", dict.fromkeys(("both", "rank"), (1.0, None, 1)))


class Reader(html.parser.HTMLParser):
    """Reads a page as browsers do, and refuses tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)

    def values(self, name):
        """Returns the values that an attribute has, tag by tag."""
        return [attrs[name] for _, attrs in self.tags if name in attrs]


def test_the_page_shows_names_as_they_are(report, page):
    """Every string is there as text, and none of them is a tag."""
    reader = Reader(page.read_text("utf-8"))
    text = "".join(reader.texts)
    for name in HOSTILE:
        # In: row, findings, cards (twice and a name), notes, and more.
        assert text.count(name) >= 5
    assert list(report.commands.values())[0] in text
    names = [tag for tag, _ in reader.tags]
    assert names.count("script") == names.count("style") == 1
    assert names.count("img") == len(report.pictures)
    attributes = {key for _, attrs in reader.tags for key in attrs}
    assert not any(key.startswith("on") for key in attributes)
    assert reader.values("alt") == [each.title for each in report.pictures]


def test_the_page_asks_for_nothing(page):
    """Links lead into the page, pictures are in it, ids are unique."""
    reader = Reader(page.read_text("utf-8"))
    ids = reader.values("id")
    assert len(set(ids)) == len(ids)
    for name in (*reader.values("href"), *reader.values("src")):
        assert name.startswith("data:") or name.removeprefix("#") in ids
    described = reader.values("aria-describedby")
    assert len(described) == 2 and set(described) <= set(ids)
    policy = next(
        attrs["content"]
        for _, attrs in reader.tags
        if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.split(";")[0] == "default-src 'none'"
    parts = re.findall(r"(?s)<(?:style|script)>.*?</", page.read_text("utf-8"))
    assert len(parts) == 2
    for part in parts:
        assert not re.search(r"url\(|import|https?:|fetch|XMLHttp", part)


def test_pictures_are_embedded_whole(report, page):
    """Their bytes are those of the file, their size that of the picture."""
    pictures = [
        attrs
        for tag, attrs in Reader(page.read_text("utf-8")).tags
        if tag == "img"
    ]
    for picture, attrs in zip(report.pictures, pictures, strict=True):
        kind, data = attrs["src"].split(",")
        assert kind == "data:image/png;base64"
        with open(picture.path, "rb") as file:
            assert base64.b64decode(data) == file.read()
        with Image.open(picture.path) as opened:
            size = opened.size
        assert (int(attrs["width"]), int(attrs["height"])) == size


def test_dots_stand_where_their_values_are(tmp_path):
    """A share of the scale, 6 % of which is left free at both ends."""
    column = Column("x", "x", "%", 1, "higher")
    cells = {"a": (10.0, 2.0, 3), "b": (18.0, None, 1), "c": (13.0, 1.0, 3)}
    kinds = {"a": "loss", "b": "raw", "c": "untrained"}
    rows = [(label, kinds[label], {"x": cells[label]}) for label in cells]
    write_report(Report("t", (), table_of(rows, (column,))), tmp_path / "r")
    tags = Reader((tmp_path / "r").read_text("utf-8")).tags

    def at(value):
        return f"{100 * (value - 8 + 0.6) / (18 - 8 + 2 * 0.6):.2f}%"

    found = [attrs["cx"] for tag, attrs in tags if tag == "circle"]
    assert found == [at(10), at(18), at(13)]
    lines = {
        name: [(a["x1"], a["x2"]) for _, a in tags if a.get("class") == name]
        for name in ("whisker", "tick")
    }
    assert lines["whisker"] == [
        (at(8), at(12)), (at(18), at(18)), (at(12), at(14)),
    ]  # fmt: skip
    assert lines["tick"] == [(at(13), at(13))] * 3


def test_a_page_of_little(tmp_path):
    """Sections with nothing to say are left out; bytes of no text pass."""
    name = b"caf\xe9.png".decode("utf-8", "surrogateescape")
    table = table_of([LITTLE], COLUMNS[::2])
    write_report(Report(name, (), table), tmp_path / "r.html")
    reader = Reader((tmp_path / "r.html").read_text("utf-8"))
    assert reader.values("id") == ["results", "results-words", "warnings"]
    assert "warned of nothing" in "".join(reader.texts)


def test_a_page_is_whole_or_absent(tmp_path):
    """What fails leaves what was there, and nothing beside it."""
    table = table_of([LITTLE], COLUMNS[::2])
    path = tmp_path / "out" / "report.html"
    with pytest.raises(UsageError, match="`run-dir` must be left where it is"):
        write_report(Report("t", (), table), path)
    path.mkdir(parents=True)
    with pytest.raises(UsageError, match="`report` must be a file"):
        write_report(Report("t", (), table), path)
    assert list(path.parent.iterdir()) == [path]
    damaged = tmp_path / "damaged.png"
    report = Report("t", (), table, pictures=(Picture("t", "c", damaged),))
    with pytest.raises(UsageError, match="a PNG that can be read"):
        write_report(report, tmp_path / "new.html")
    damaged.write_bytes(b"GIF89a")
    with pytest.raises(UsageError, match="a PNG that can be read"):
        write_report(report, tmp_path / "new.html")
    assert not (tmp_path / "new.html").exists()
