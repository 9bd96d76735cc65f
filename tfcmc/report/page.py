"""The page: one file that asks the network for nothing."""

import base64
import pathlib
import re
import string
import struct

from tfcmc.foundation.atomic import write_whole
from tfcmc.foundation.errors import UsageError, must
from tfcmc.report.cells import table_words
from tfcmc.report.page_table import escaped, reading_words, table_html

HERE = pathlib.Path(__file__).parent
PNG = b"\x89PNG\r\n\x1a\n"


def write_report(report, path):
    """Writes a report as one HTML file; it is whole or absent.

    Args:
        report: A `Report`.
        path: The file to write.

    Raises:
        UsageError: if the file cannot be written, or a picture is no PNG.
    """
    if not path.parent.is_dir():
        raise must("report", "in a folder that is there", str(path))
    # Names of files may hold bytes that are no text.
    page = report_html(report).encode("utf-8", "replace")
    try:
        write_whole(path, page)
    except OSError as error:
        raise UsageError(
            f"`report` must be a file that can be written. "
            f"Received: {str(path)!r} ({error.strerror or error})"
        ) from error


def report_html(report):
    """Writes a report as HTML.

    Args:
        report: A `Report`.

    Returns:
        Text.
    """
    sections = [
        ("results", "Results", _results(report)),
        ("warnings", "Warnings", _warnings(report)),
        ("published", "The paper's table", _published(report)),
        ("figures", "Figures", _figures(report)),
        ("losses", "The losses", "\n".join(map(_card, report.cards))),
        ("repeat", "Repeat it", _repeat(report)),
    ]
    sections = [section for section in sections if section[-1]]
    return string.Template(_file("page.html")).substitute(
        title=escaped(report.title),
        lead=_lead(report.lead),
        style=_file("style.css"),
        script=_file("script.js"),
        contents="\n".join(
            f'<li><a href="#{name}">{title}</a></li>'
            for name, title, _ in sections
        ),
        sections="\n".join(
            f'<section id="{name}">\n<h2>{title}</h2>\n{body}\n</section>'
            for name, title, body in sections
        ),
    )


def _file(name):
    return (HERE / name).read_text("utf-8").strip()


def _prose(text):
    """Escapes sentences, and keeps a number and its % on one line."""
    return re.sub(r"(?<=\d) (?=%)", "\N{NO-BREAK SPACE}", escaped(text))


def _lead(text):
    parts = re.split(r"\n\s*\n", text.strip())
    return "\n".join(f'<p class="lead">{_prose(part)}</p>' for part in parts)


def _results(report):
    columns, rows = report.columns, report.rows
    words = f"{table_words(columns, rows)} {reading_words(columns, rows)}"
    table = table_html(
        columns,
        rows,
        caption="Results, a row a loss",
        described="results-words",
        dots=True,
    )
    notes = "\n".join(f"<li>{_prose(note)}</li>" for note in report.notes)
    if notes:
        notes = (
            "\n<h3>How it was measured</h3>\n"
            f'<ul class="notes">\n{notes}\n</ul>'
        )
    return f'{table}\n<p id="results-words" class="words">{words}</p>{notes}'


def _published(report):
    if not report.published:
        return ""
    columns = [
        column
        for column in report.columns
        if any(row.cells.get(column.key) for row in report.published)
    ]
    table = table_html(
        columns,
        report.published,
        caption="The paper's own table",
        described="published-words",
    )
    words = report.published_caption or "What the paper itself reports."
    return (
        f'{table}\n<p id="published-words" class="words">{escaped(words)}</p>'
    )


def _warnings(report):
    broken = "".join(
        f'<li class="broken"><p><b>Broken run</b> {_run(each.run)}</p>'
        f'<p class="advice">{escaped(each.reason)}</p></li>\n'
        for each in report.failures
    )
    found = "".join(map(_finding, report.findings))
    if not found:
        found = "<p>The collapse doctor warned of nothing.</p>"
    else:
        found = f'<ul class="warnings">\n{found}</ul>'
    if broken:
        broken = f'<ul class="warnings">\n{broken}</ul>\n'
    return broken + found


def _finding(finding):
    when = "" if finding.epoch is None else f", epoch {finding.epoch}"
    advice = (
        finding.advice and f'<p class="advice">{escaped(finding.advice)}</p>'
    )
    return (
        f"<li><p>{_run(finding.run)}{when}: {escaped(finding.words)}</p>"
        f"{advice}</li>\n"
    )


def _run(name):
    return f"<code><bdi>{escaped(name)}</bdi></code>"


def _figures(report):
    pictures = "\n".join(map(_picture, report.pictures))
    return pictures and f'<div class="figures">\n{pictures}\n</div>'


def _picture(picture):
    try:
        content = pathlib.Path(picture.path).read_bytes()
    except OSError:
        content = b""
    width, height = png_size(content, picture.path)
    data = base64.b64encode(content).decode("ascii")
    return (
        f'<figure><img src="data:image/png;base64,{data}" '
        f'alt="{escaped(picture.title)}" width="{width}" height="{height}">\n'
        f"<figcaption><b>{escaped(picture.title)}</b> "
        f"{escaped(picture.caption)}</figcaption></figure>"
    )


def png_size(content, path):
    """Reads the size of a picture.

    Args:
        content: The bytes of a PNG.
        path: Where they are from.

    Returns:
        Width and height, in pixels.

    Raises:
        UsageError: if they are of no PNG.
    """
    if content[:8] != PNG or content[12:16] != b"IHDR" or len(content) < 24:
        raise must("path", "a PNG that can be read", str(path))
    return struct.unpack(">II", content[16:24])


def _card(card):
    return (
        f"<details><summary><code>{escaped(card.name)}</code></summary>\n"
        f"<pre>{escaped(card.text)}</pre></details>"
    )


def _repeat(report):
    parts = [
        f'<h3>{escaped(command.what)}</h3>\n<div class="command">'
        f"<pre><code>{_unbroken(command.text)}</code></pre></div>"
        for command in report.commands
    ]
    for title, pairs in (
        ("Settings of all runs", report.settings),
        ("Versions", report.versions),
    ):
        if pairs:
            lines = "\n".join(
                f'<tr><th scope="row">{escaped(name)}</th>'
                f"<td>{escaped(value)}</td></tr>"
                for name, value in pairs.items()
            )
            parts.append(
                f'<h3>{title}</h3>\n<table class="pairs">\n{lines}\n</table>'
            )
    return "\n".join(parts)


def _unbroken(text):
    """Escapes a command, and breaks its lines between words if it can."""
    return re.sub(r"\S+", r"<span>\g<0></span>", escaped(text))
