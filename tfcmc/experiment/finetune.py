"""The few-label curve of a run: what its encoders save in labels."""

import time

import numpy as np

import tfcmc
from tfcmc.data.pictures import Subset
from tfcmc.data.validation import carve_validation
from tfcmc.evaluation import verdict
from tfcmc.evaluation.few_labels import sample_labels
from tfcmc.evaluation.inputs import digest
from tfcmc.evaluation.probes import EDITION, PROBES, Labelled
from tfcmc.experiment import elsewhere
from tfcmc.experiment.architecture import open_trained
from tfcmc.experiment.data import as_trained, read_data
from tfcmc.experiment.evaluate import hashes_of
from tfcmc.foundation.atomic import write_whole
from tfcmc.foundation.errors import must
from tfcmc.foundation.locks import held
from tfcmc.foundation.records import SHARE, read_record
from tfcmc.report import figures
from tfcmc.report.few_labels import KINDS, Curve, clock_line, curve_text
from tfcmc.report.text_tables import rows_text
from tfcmc.runs.folder import make_folder, write_json
from tfcmc.training.classifier import BATCH, Classifier, weights_of

RATES = (2e-4, 1e-3, 4e-3)  # of learning, of which one is chosen
FOLDER, FITS = "finetune", "fits.json"
PROBE = "linear_probe"
FIT = {"labels": int, "share": SHARE, "sample": int, "kind": str}
FIT |= {"accuracy": SHARE, "validation_accuracy": SHARE, "chosen": float}
RECORD = {str: {"settings": dict, "fits": {str: FIT}}}


def finetune(plan, run, shares, *, samples: int, steps: int) -> Curve:
    """Judges the encoders of a run on some of the labels.

    For each share of them and each of some samples: a linear probe of frozen
    features, trained and untrained; and the encoders with a linear layer, all
    of it trained for so many steps, from the run's weights and from fresh
    ones. What is chosen is chosen on a fifth of the sample. Each result is
    kept as it comes, and is not computed again.

    Args:
        plan: The `Plan` it was trained by, with the pictures to judge on.
        shares: Shares of the labelled train part, each above 0 and at most 1.
        samples: How many samples of each share.
        steps: Steps of a training.

    Returns:
        The `Curve`, of all shares that are known by then.

    Raises:
        UsageError: if the encoders are missing or damaged, the pictures have
            no labels, or another process is using the folder.
    """
    run.create()  # tells what cannot be written to before the work
    with held(run.folder):
        architecture, branches = open_trained(plan, run)
        data = read_data(as_trained(plan, run))
        if not data.source.labelled:
            raise must("data", "with labelled train and test parts", "none")
        place = elsewhere.place_of(plan, run, data).folder / FOLDER
        make_folder(place)
        settings = {
            "tfcmc": tfcmc.__version__,
            "probes": EDITION,
            "encoders_sha256": hashes_of(branches),
            "data": data.described,
            "judged_on": data.judged_on,
            "seed": plan.config.seed,
            "steps": steps,
            "batch_size": batch_of(plan),
            "learning_rates": list(RATES),
        }
        fits = Fits(place / FITS, settings)
        bench = _Bench(plan, data, architecture, branches, steps)
        _fill(bench, fits, _sizes(data, shares), samples)
        plan = elsewhere.as_far(plan, run, architecture)
        curve = Curve(
            loss=plan.loss.spec,
            data=plan.data.spec,
            epochs=plan.config.epochs,
            judged_on=data.judged_on,
            pictures=len(data.judged.pictures),
            labels=len(data.source.probe_train.labels),
            steps=steps,
            batch_size=batch_of(plan),
            points=fits.points(samples),
        )
        _write(curve, fits, place)
        return curve


def batch_of(plan) -> int:
    """Returns how many pictures a step takes: whole groups, as trained."""
    groups = plan.batch_norm.options.get("groups", 1)
    return max(BATCH // groups, 2) * groups  # one alone has no spread


class Fits:
    """What was measured, in a file that grows with each result.

    Args:
        path: The file; that of other settings in it stays as it is.
        settings: All that the results depend on beside sample and kind.
    """

    def __init__(self, path, settings: dict):
        self._path = path
        self._all = read_record(path, RECORD) or {}
        own = {"settings": settings, "fits": {}}
        self._own = self._all.setdefault(digest(settings)[:16], own)["fits"]

    def has(self, labels: int, sample: int, kind: str) -> bool:
        """Whether a result is known."""
        return self._name(labels, sample, kind) in self._own

    def add(self, labels: int, share: float, sample: int, kind, found: dict):
        """Keeps a result, whose numbers are as a probe's."""
        self._own[self._name(labels, sample, kind)] = {
            "labels": labels,
            "share": share,
            "sample": sample,
            "kind": kind,
            **found,
        }
        write_json(self._path, self._all)

    def rows(self) -> list:
        """Returns the results, those of fewer labels first."""
        return sorted(
            self._own.values(),
            key=lambda row: (
                row["labels"],
                row["sample"],
                KINDS.index(row["kind"]),
            ),
        )

    def points(self, samples: int) -> dict:
        """Returns labels to kind to accuracies, a sample each.

        Args:
            samples: How many; numbers of labels with fewer are left out.
        """
        found = {}
        for row in self.rows():
            kinds = found.setdefault(row["labels"], {k: [] for k in KINDS})
            if row["sample"] < samples:
                kinds[row["kind"]].append(row["accuracy"])
        return {
            labels: kinds
            for labels, kinds in found.items()
            if all(len(each) == samples for each in kinds.values())
        }

    def _name(self, labels, sample, kind):
        return f"{labels} labels, sample {sample}, {kind}"


def _sizes(data, shares):
    """Returns number of labels to share, of several of as many the first."""
    labels = data.source.probe_train.labels
    found = {}
    for share in sorted(shares):
        count = len(sample_labels(labels, share, 0))
        if found.setdefault(count, share) != share:
            print(
                f"  note: shares {found[count]:g} and {share:g} are "
                f"{count:,} labels either way: measured once"
            )
    return found


def _fill(bench, fits, sizes, samples):
    """Measures what is not known yet, and says how far it is."""
    missing = [
        (count, share, sample, kind)
        for count, share in sizes.items()
        for sample in range(samples)
        for kind in KINDS
        if not fits.has(count, sample, kind)
    ]
    known = len(sizes) * samples * len(KINDS) - len(missing)
    if known:
        print(f"{known} of {known + len(missing)} results are known already")
    left = trained = sum(kind in bench.starts for *_, kind in missing)
    print(
        f"{trained} times {len(RATES) + 1} trainings of {bench.steps:,} steps "
        f"of {bench.batch} pictures"
    )
    start = time.monotonic()
    for count, share, sample, kind in missing:
        rows = sample_labels(bench.labels, share, sample)
        found = bench.measure(kind, rows, sample)
        fits.add(count, share, sample, kind, found)
        left -= kind in bench.starts
        done = trained - left
        seconds = (time.monotonic() - start) * left / done if done else None
        print(clock_line(count, sample, kind, found, seconds), flush=True)


class _Bench:
    """Measures one kind on one sample.

    Attributes:
        labels: `[count]`, of the train part.
        starts: The kinds that train encoders, to their weights at a seed.
        steps: Steps of a training.
        batch: Pictures a step.
    """

    def __init__(self, plan, data, architecture, branches, steps):
        self.labels = data.source.probe_train.labels
        self.steps = steps
        self.batch = batch_of(plan)
        self._pictures = data.source.probe_train.pictures
        self._test = data.source.test
        self._classes = len(data.source.class_names)
        self._seed = plan.config.seed
        self._readers = {
            "probe": architecture.reader(branches),
            "untrained": architecture.reader(architecture.read_branches()),
        }
        self._features = {}
        trained = weights_of(branches)
        self.starts = {
            "finetuned": lambda sample: trained,
            "scratch": lambda sample: weights_of(
                architecture.read_branches(self._seed + sample)
            ),
        }
        self._classifier = Classifier(
            architecture.views,
            architecture.read_branches(),
            self._classes,
            side=data.source.pretrain.side,
            flip=plan.config.flip,
        )

    def measure(self, kind, rows, sample) -> dict:
        """Returns `accuracy`, `validation_accuracy` and what was `chosen`."""
        if kind in self.starts:
            weights = self.starts[kind](sample)
            return self._trained(weights, rows, self._seed + sample)
        if kind not in self._features:
            reader = self._readers[kind]
            self._features[kind] = [
                reader.read(pictures).joined()
                for pictures in (self._pictures, self._test.pictures)
            ]
        train, test = self._features[kind]
        probes, _ = verdict.run_probes(
            {PROBE: PROBES.lookup(PROBE).function},
            Labelled(train[rows], self.labels[rows]),
            Labelled(test, self._test.labels),
            self._classes,
            seed=self._seed + sample,
        )
        found = probes[PROBE]
        return {
            "accuracy": found["accuracy"],
            "validation_accuracy": found["validation_accuracy"],
            "chosen": found["inverse_strength"],
        }

    def _trained(self, weights, rows, seed):
        """Chooses the rate on a part of the sample, then trains on all."""
        tried = {}
        parts = carve_validation(self.labels[rows], seed)
        fitted, held_out = (rows[part] for part in parts)
        for rate in RATES:
            self._fit(weights, fitted, rate, seed)
            logits = self._classifier.logits(Subset(self._pictures, held_out))
            tried[rate] = _scores(logits, self.labels[held_out])
        rate = max(tried, key=tried.get)
        self._fit(weights, rows, rate, seed)
        logits = self._classifier.logits(self._test.pictures)
        return {
            "accuracy": _scores(logits, self._test.labels)[0],
            "validation_accuracy": tried[rate][0],
            "chosen": rate,
        }

    def _fit(self, weights, rows, rate, seed):
        self._classifier.fit(
            weights,
            Subset(self._pictures, rows),
            self.labels[rows],
            rate=rate,
            steps=self.steps,
            batch=self.batch,
            seed=seed,
        )


def _scores(logits, labels) -> tuple:
    """Returns accuracy and mean log-likelihood, which few labels need too."""
    if not np.isfinite(logits).all():
        return 0.0, -np.inf  # the lowest of both, of what diverged
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    own = np.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    likely = own - np.log(np.exp(logits).sum(axis=1))
    return float(np.mean(logits.argmax(axis=1) == labels)), likely.mean()


def _write(curve, fits, place):
    """Writes the curve as CSV, JSON and a figure, and prints it."""
    write_whole(place / "curve.csv", rows_text(fits.rows()))
    write_json(place / "curve.json", curve.record())
    figures.label_curve(curve, place / "curve.png")
    print(curve_text(curve))
    print(f"everything is in {place}")
