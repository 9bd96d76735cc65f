"""What a call in Python returns, and how a notebook shows it."""

import base64
import html
import json
import pathlib
from collections.abc import Iterator, Mapping

from tfcmc.report import screen_text
from tfcmc.report.summary import verdict_text
from tfcmc.runs import folder as folders
from tfcmc.runs.record import read_history, read_metrics
from tfcmc.searches import table
from tfcmc.searches.ranking import open_search
from tfcmc.searches.records import read_trials, read_verdict
from tfcmc.searches.report import verdict_words as words_of

SHOWN = ("alignment_uniformity_map", "tsne")  # figures, where all are too many


class _Values(Mapping):
    """Name to value, to be read only."""

    def __init__(self, values: dict):
        self._values = values

    def __getitem__(self, name):
        return self._values[name]

    def __iter__(self) -> Iterator:
        return iter(self._values)

    def __len__(self):
        return len(self._values)


class Record(_Values):
    """A record that stays as it was written.

    Args:
        values: Name to value.
        text: How it is shown.
    """

    def __init__(self, values: dict, text: str):
        super().__init__(values)
        self._text = text

    def __getitem__(self, name):
        # A copy: what is changed in it changes nothing here.
        return json.loads(json.dumps(self._values[name]))

    def __repr__(self):
        return self._text

    def _repr_html_(self):
        return f"<pre>{html.escape(self._text)}</pre>"


class Figures(_Values):
    """The figures of a folder: name to the path of its PNG."""

    def __init__(self, folder: pathlib.Path):
        paths = sorted(folder.glob("*.png"))
        super().__init__({path.stem: path for path in paths})

    def __repr__(self):
        return f"Figures({', '.join(self)})"

    def _repr_html_(self):
        return "".join(map(_image, self.values()))

    def some(self) -> str:
        """Returns those that say most, as HTML."""
        shown = [self[name] for name in SHOWN if name in self]
        shown = shown or list(self.values())[:2]
        return "".join(map(_image, shown))


def _image(path):
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    return (
        f'<img alt="{html.escape(path.stem)}" style="max-width: 48%" '
        f'src="data:image/png;base64,{content}">'
    )


class Run:
    """A run, by its folder.

    Attributes:
        folder: Its path.

    Args:
        folder: Its path, or that of a verdict on other pictures in it.
        encoders: The folder that the encoders are of; None for `folder`.
        held: Pictures in memory that it was trained on, or None.
    """

    def __init__(self, folder, encoders=None, held=None):
        self.folder = pathlib.Path(folder).absolute()
        self._trained = pathlib.Path(encoders or folder).absolute()
        self._run = folders.Run(self.folder)
        self._held = held  # while this lives, they may be judged on again

    def __fspath__(self):
        return str(self._trained)

    def __getstate__(self):
        # A copy is of the folder: pictures may be many.
        return self.__dict__ | {"_held": None}

    @property
    def verdict(self) -> Record | None:
        """What `metrics.json` holds; None where nothing was judged."""
        found = read_metrics(self._run)
        if found is None:
            return None
        return Record(found, verdict_text(found, _views(found)).strip("\n"))

    @property
    def history(self) -> list[dict]:
        """The rows of the history, one an epoch: column to number."""
        return read_history(folders.Run(self._trained))

    @property
    def figures(self) -> Figures:
        """The figures: name to path."""
        return Figures(self._run.figures)

    @property
    def encoders(self) -> dict:
        """Branch name to its `keras.Model`, views to embeddings."""
        # It loads TensorFlow: only now.
        from tfcmc.using.transformer import Opened

        return Opened(self._trained).branches

    @property
    def transformer(self):
        """As `tfcmc.load`: pictures to features, in scikit-learn."""
        from tfcmc.using.transformer import load  # scikit-learn: only now

        return load(self._trained)

    def __repr__(self):
        return f"Run({str(self.folder)!r})"

    def _repr_html_(self):
        verdict = self.verdict
        if verdict is None:
            return f"<pre>{html.escape(repr(self))}: not judged</pre>"
        return verdict._repr_html_() + self.figures.some()


def _views(metrics):
    """The names of the views that a verdict is of."""
    known = metrics["sphere"]
    names = [
        name.removeprefix("uniformity_")
        for name in known
        if name.startswith("uniformity_")
        and f"{name}_interval" in known
        and name != "uniformity_both"
    ]
    return tuple(names)


class _OfRuns:
    """What is known of many runs by their folder, shown with its text."""

    @property
    def figures(self) -> Figures:
        """The figures of all: name to path."""
        return Figures(self.folder / "figures")

    def __repr__(self):
        return f"{type(self).__name__}({str(self.folder)!r})\n{self._text()}"

    def _repr_html_(self):
        text = html.escape(self._text())
        return f"<pre>{text}</pre>{self.figures.some()}"


class Comparison(_OfRuns):
    """Losses or methods compared, by their folder.

    Attributes:
        folder: Path of the folder of all.
        rows: A dict a row of the table: its `label` and `kind` ("loss", or
            for controls "raw" or "untrained"), and of each column the mean
            over seeds, with `_deviation` and `_count`, None where not known.
        best: The row of a loss whose mean linear probe is highest; None
            without labels. Whether seeds separate it, the lead says.
        runs: Name to `Run`, of those that are finished.
        failures: Name to the reason, of runs that broke.
        figures: Name to path.
        report: Path of the page; None where nothing is finished.

    Args:
        compared: As `tfcmc.commands.compare.run` returns it.
    """

    def __init__(self, compared):
        self.folder = compared.folder.absolute()
        self.rows, self._table = [], compared.table
        self.failures = dict(compared.failures)
        self.report = None
        if compared.table is not None:
            frame = compared.table.frame
            frame = frame.astype(object).where(frame.notna(), None)
            self.rows = [
                {"label": label, **row}
                for label, row in frame.to_dict("index").items()
            ]
            self.report = self.folder / "report.html"
        self.runs = {
            entry.name: Run(entry.run.folder)
            for entry in compared.entries
            if entry.finished()
        }

    @property
    def best(self) -> dict | None:
        probed = [
            row
            for row in self.rows
            if row["kind"] == "loss" and row.get("linear_probe") is not None
        ]
        return max(probed, key=lambda row: row["linear_probe"], default=None)

    def _text(self):
        if self._table is None:
            return "nothing is finished"
        return screen_text(self._table)


class Search(_OfRuns):
    """A search, by its folder.

    Attributes:
        folder: Its path.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).absolute()

    def __fspath__(self):
        return str(self.folder)

    @property
    def trials(self) -> list:
        """The `Trial`s: their values, scores and seconds, in order."""
        return read_trials(self.folder)

    @property
    def best(self) -> dict | None:
        """Settings of the best trial, as `pretrain` takes them."""
        path = self.folder / "best.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else None

    @property
    def verdict(self) -> dict | None:
        """The best trial and the defaults on the test part."""
        return read_verdict(self.folder)

    def _text(self):
        verdict = self.verdict
        text = table.screen_text(open_search(self.folder))
        return text if verdict is None else f"{text}\n\n{words_of(verdict)}"
