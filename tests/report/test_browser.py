"""The page in a real browser."""

import base64
import functools
import http.server
import re
import threading

import pytest

# Every element with text of its own: its colour, and the ground beneath it.
COLOURS = """
const found = [];
for (const each of document.body.querySelectorAll("*")) {
  const own = [...each.childNodes].some(
    (node) => node.nodeType === 3 && node.data.trim());
  if (!own || each.closest("script, style, caption")) continue;
  let under = each;
  while (getComputedStyle(under).backgroundColor === "rgba(0, 0, 0, 0)")
    under = under.parentElement;
  found.push([each.outerHTML.slice(0, 80), getComputedStyle(each).color,
    getComputedStyle(under).backgroundColor]);
}
return found;
"""
# As the WebDriver standard numbers them.
CONTROL, ENTER = "\ue009", "\ue007"


@pytest.fixture
def media(browser):
    """A function that sets what a page is shown on, until the test ends."""

    def show(scheme="light", size=None, kind=""):
        """Sets the colour scheme, the size in pixels, and the medium."""
        schemes = [{"name": "prefers-color-scheme", "value": scheme}]
        shown = {"media": kind, "features": schemes}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", shown)
        if size:
            screen = dict(zip(("width", "height"), size, strict=True))
            screen |= {"deviceScaleFactor": 2, "mobile": True}
            name = "Emulation.setDeviceMetricsOverride"
            browser.execute_cdp_cmd(name, screen)

    yield show
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.fixture
def opened(browser, page):
    """The browser, with the page open and nothing to complain of."""
    browser.get_log("browser")
    browser.get(page.as_uri())
    yield browser
    assert browser.get_log("browser") == []


def find(browser, selector):
    """Finds the elements that a selector names."""
    return browser.find_elements("css selector", selector)


def labels(browser):
    """Returns the labels of the first table's rows, from the top."""
    return browser.execute_script(
        "return [...document.querySelector('table').tBodies[0].rows]"
        ".map((row) => row.querySelector('bdi').textContent)"
    )


def sorted_labels(table, column, way):
    """Sorts the rows as a reader would: numbers, then what has none."""
    known = [(cell.mean, row) for row, cell in table.cells(column).items()]
    known.sort(reverse=way == "descending")
    found = [label for _, label in known]
    return found + [row for row in table.frame.index if row not in found]


def test_every_column_sorts_both_ways(opened, report):
    """A click sorts, the better first; another, or a key, turns it round."""
    given = labels(opened)
    assert given == list(report.table.frame.index)
    heads = find(opened, "#results thead th")
    for column, head in zip(report.table.columns, heads[1:], strict=True):
        button = head.find_element("css selector", "button")
        first = "descending" if column.better == "higher" else "ascending"
        other = "ascending" if first == "descending" else "descending"
        for way, press in (
            (first, button.click),
            (other, button.click),
            (first, functools.partial(button.send_keys, ENTER)),
            (other, functools.partial(button.send_keys, " ")),
        ):
            press()
            ways = [each.get_attribute("aria-sort") for each in heads]
            assert ways.pop(heads.index(head)) == way
            assert set(ways) == {"none"}
            assert labels(opened) == sorted_labels(report.table, column, way)
    for turn in (1, -1):
        heads[0].find_element("css selector", "button").click()
        found = labels(opened)[::turn]
        assert sorted(found) == sorted(given) and found != given
        # Letters before letters of later alphabets, signs before letters.
        words = [name for name in found if name[:3] in ("raw", "unt")]
        assert words == ["raw pixels", "untrained encoders"]


def test_a_phone_scrolls_the_table_alone(opened, media, page):
    """At 360 pixels the page stands; the table's first column stays."""
    media(size=(360, 740))
    opened.get(page.as_uri())
    script = "return document.documentElement.scrollWidth"
    assert opened.execute_script(script) <= 360
    frame = find(opened, "#results .scroll")[0]
    assert frame.get_property("scrollWidth") > frame.get_property(
        "clientWidth"
    )
    first, second = find(opened, "#results tbody tr:first-child > *")[:2]
    before = first.rect["x"], second.rect["x"]
    opened.execute_script("arguments[0].scrollLeft = 90", frame)
    assert first.rect["x"] == before[0]
    assert second.rect["x"] == before[1] - 90


def luminance(colour):
    """The relative luminance of WCAG 2, of an opaque "rgb(1, 2, 3)"."""
    *parts, opacity = re.findall(r"[\d.]+", f"{colour} 1")[:4]
    assert len(parts) == 3 and opacity == "1", colour
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (float(part) / 255 for part in parts)
    ]
    return sum(
        share * part
        for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )


@pytest.mark.parametrize("width", [360, 1400])
def test_text_is_legible_in_light_and_dark(opened, media, page, width):
    """Contrast of all text is 4.5 or more; figures keep a light ground."""
    grounds = []
    for scheme in ("light", "dark"):
        media(scheme, (width, 900))
        opened.get(page.as_uri())
        found = opened.execute_script(COLOURS)
        assert len(found) > 50
        for element, *colours in found:
            low, high = sorted(map(luminance, colours))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (scheme, element)
        body = opened.find_element("css selector", "body")
        grounds.append(
            luminance(body.value_of_css_property("background-color"))
        )
        for picture in find(opened, "figure img"):
            ground = picture.value_of_css_property("background-color")
            assert luminance(ground) == 1.0
    assert grounds[0] > 0.9 and grounds[1] < 0.05


def test_pictures_are_shown_and_enlarged(opened, report):
    """All are decoded; a click or a key fills the window with one."""
    pictures = find(opened, "figure img")
    assert len(pictures) == len(report.pictures)
    for picture in pictures:
        width, height = (
            int(picture.get_dom_attribute(side))
            for side in ("width", "height")
        )
        assert picture.get_property("naturalWidth") == width > 0
        assert picture.get_property("naturalHeight") == height
        ratio = picture.rect["width"] / picture.rect["height"]
        assert ratio == pytest.approx(width / height, rel=0.1)
    root = find(opened, "html")[0]
    window = [root.get_property(f"client{n}") for n in ("Width", "Height")]
    small = pictures[1].rect
    box = find(opened, "figure input")[1]
    assert report.pictures[1].title in box.get_attribute("aria-label")
    for press in (pictures[1].click, lambda: box.send_keys(" ")):
        press()
        large = pictures[1].rect
        assert [large["width"], large["height"]] == window
        press()
        assert pictures[1].rect == small


def test_a_command_is_copied(opened, report):
    """One click takes it whole; what is pasted is it, letter by letter."""
    code = find(opened, ".command code")[0]
    code.click()
    opened.switch_to.active_element.send_keys(CONTROL, "c")
    opened.execute_script(
        "const box = document.createElement('textarea');"
        "document.body.append(box); box.focus()"
    )
    box = find(opened, "textarea")[0]
    box.send_keys(CONTROL, "v")
    assert [box.get_property("value")] == list(report.commands.values())


def test_the_network_is_not_asked(browser, page):
    """A server of the page sees one request, and no name runs as code."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, form, *words):
            asked.append(self.path)

    handler = functools.partial(Handler, directory=page.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser.get_log("browser")
        browser.get(f"http://127.0.0.1:{server.server_port}/{page.name}")
        find(browser, "figure img")[0].click()
        server.shutdown()
    assert asked == [f"/{page.name}"]
    assert browser.get_log("browser") == []
    resources = "return performance.getEntriesByType('resource').length"
    assert browser.execute_script(resources) == 0
    assert browser.title.startswith("Losses on <script>")


def test_all_is_there_without_scripts(browser, page, report):
    """Rows, figures and cards are shown; no button is dead."""
    switch = "Emulation.setScriptExecutionDisabled"
    browser.execute_cdp_cmd(switch, {"value": True})
    try:
        browser.get(page.as_uri())
        assert find(browser, "button") == []
        assert labels(browser) == list(report.table.frame.index)
        assert all(each.is_displayed() for each in find(browser, "img"))
        find(browser, "summary")[0].click()
        assert find(browser, "details pre")[0].is_displayed()
    finally:
        browser.execute_cdp_cmd(switch, {"value": False})


def test_it_prints(opened, media):
    """On paper there is no list of contents, and cards are unfolded."""
    media(kind="print")
    assert not find(opened, "nav")[0].is_displayed()
    first = find(opened, "#results tbody th")[0]
    assert first.value_of_css_property("position") == "static"
    printed = opened.execute_cdp_cmd("Page.printToPDF", {})["data"]
    assert base64.b64decode(printed).startswith(b"%PDF")
    cards = find(opened, "details")
    assert cards and all(each.get_attribute("open") for each in cards)
