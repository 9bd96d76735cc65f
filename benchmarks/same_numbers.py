"""Whether a change of the code has changed a number.

    python -m benchmarks.same_numbers record OLD
    python -m benchmarks.same_numbers compare OLD NEW

The first, run before and after the change, trains every loss for two epochs
on 1,000 embedded pictures: with the batch's negatives and, where the loss
takes one, a memory bank; both geometries; one device, and two logical ones of
the CPU. It writes to the folder one JSON a case: `history.csv` but for the
times, `metrics.json` but for versions and what is made of them, and the
SHA-256 of the encoders' weights. The second tells which cases differ, to the
bit. About 25 minutes on one core.

Pictures are left empty and t-SNE, a third of the time, is replaced by two of
its input's columns, but for softmax with the batch's negatives: so the
`tsne_trustworthiness` of the others is that of these columns.

Both have to be made on one machine with the same packages. Of this project
only `trainers.pretrain` is used, so that the file judges any version of it:

    PYTHONPATH=OTHER_TREE python benchmarks/same_numbers.py record NEW

--only='bank' takes the cases whose names match; --runs=DIR keeps their run
folders.
"""

import argparse
import contextlib
import csv
import dataclasses
import gc
import hashlib
import importlib
import io
import itertools
import json
import math
import os
import pathlib
import pkgutil
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from unittest import mock

import h5py

import trainers
from trainers import pretrain

LOSSES = (
    "alignment_uniformity",
    "barlow_twins",
    "circle",
    "dcl",
    "debiased",
    "hard_negative",
    "n_pair",
    "nce",
    "nce(z=mean)",
    "nt_xent",
    "sigmoid",
    "softmax",
    "spring",
    "triplet",
    "vicreg",
)
REMEMBERED = (
    "circle",
    "nce",
    "nce(z=mean)",
    "sigmoid",
    "softmax",
    "spring",
    "triplet",
)
BANK = "bank(draws=512)"  # of the 900 pictures that are learnt from
GEOMETRIES = ("independent", "shared")
REPLICAS = (1, 2)
TRAINING = ("--data=shapes(size=1000)", "--epochs=2")
DRAWN = "^softmax-batch"  # the cases whose figures are drawn as always
# Numbers that another version, or another moment, may rightly have.
LEFT_OUT = ("versions", "controls_key", "seconds")
# Sums are the same to the bit where their parts are the same.
ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    )
}


@dataclasses.dataclass(frozen=True)
class Case:
    """One training."""

    loss: str
    negatives: str
    geometry: str
    replicas: int

    @property
    def name(self) -> str:
        """The name of its record and of its run folder."""
        loss = re.sub(r"\W+", "_", self.loss).strip("_")
        negatives = self.negatives.partition("(")[0]
        return f"{loss}-{negatives}-{self.geometry}-{self.replicas}"

    def words(self, folder: pathlib.Path) -> list:
        """Returns the command line of the training, written to a folder."""
        return [
            f"--loss={self.loss}",
            f"--negatives={self.negatives}",
            f"--geometry={self.geometry}",
            f"--strategy={'one' if self.replicas == 1 else 'mirrored'}",
            f"--run-dir={folder}",
            *TRAINING,
        ]


def cases():
    """Returns every `Case`, those of one process side by side."""
    found = []
    for replicas, geometry in itertools.product(REPLICAS, GEOMETRIES):
        found += [Case(loss, "batch", geometry, replicas) for loss in LOSSES]
        found += [Case(loss, BANK, geometry, replicas) for loss in REMEMBERED]
        found.append(Case("softmax", "local", geometry, replicas))
    return found


def chosen(pattern):
    """Returns the cases whose names a regular expression is found in."""
    return [case for case in cases() if re.search(pattern, case.name)]


def record(out, only, runs):
    """Records the cases in a process for each number of devices."""
    tree = pathlib.Path(trainers.__file__).resolve().parents[1]
    print(f"what {tree} computes")
    paths = [str(tree), *filter(None, [os.environ.get("PYTHONPATH")])]
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    environment = {
        **os.environ,
        **ONE_THREAD,
        **quiet,
        "PYTHONPATH": os.pathsep.join(paths),
    }
    with tempfile.TemporaryDirectory() as passing:
        for replicas in REPLICAS:
            if all(case.replicas != replicas for case in chosen(only)):
                continue
            command = [sys.executable, str(pathlib.Path(__file__).resolve())]
            command += ["record", str(out), f"--only={only}"]
            command += [f"--runs={runs or passing}", f"--replicas={replicas}"]
            subprocess.run(command, check=True, env=environment)


def record_here(out, only, runs, replicas):
    """Records, in this process, the cases of one number of devices.

    Args:
        out: Folder of the records.
        only: Regular expression of the names of the cases.
        runs: Folder of the run folders. What lies side by side there shares
            the numbers of the untrained encoders.
        replicas: How many devices.
    """
    settle(replicas)
    keras = importlib.import_module("keras")
    out.mkdir(parents=True, exist_ok=True)
    for case in chosen(only):
        if case.replicas != replicas:
            continue
        folder = runs / case.name
        if folder.exists():
            sys.exit(f"`runs` must hold no run yet. Received: {folder}")
        start = time.perf_counter()
        drawing = (
            contextlib.nullcontext()
            if re.search(DRAWN, case.name)
            else undrawn()
        )
        with drawing, contextlib.redirect_stdout(io.StringIO()):
            pretrain.main(case.words(folder))
        text = json.dumps(numbers_of(folder), indent=1)
        (out / f"{case.name}.json").write_text(text + "\n")
        print(f"{case.name}  {time.perf_counter() - start:.1f} s", flush=True)
        keras.utils.clear_session()
        gc.collect()


def settle(replicas):
    """Settles TensorFlow's threads and devices, before its first operation."""
    tf = importlib.import_module("tensorflow")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(replicas)
    if replicas == 1:
        return
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * replicas
    )
    devices = [each.name for each in tf.config.list_logical_devices("CPU")]
    strategy = tf.distribute.MirroredStrategy(devices)
    # The collectives of a second strategy would take the first one's places.
    tf.distribute.MirroredStrategy = lambda *parts, **options: strategy


@contextlib.contextmanager
def undrawn():
    """Has figures take no time."""
    picture, map = "matplotlib.figure.Figure", "sklearn.manifold.TSNE"
    save = pkgutil.resolve_name(f"{picture}.savefig")

    def save_empty(figure, *parts, **options):
        save(type(figure)(figsize=(1, 1)), *parts, **options)

    def first_columns(map, vectors, y=None):
        return vectors[:, :2]

    with (
        mock.patch(f"{picture}.savefig", save_empty),
        mock.patch(f"{map}.fit_transform", first_columns),
    ):
        yield


def numbers_of(folder):
    """Reads all that is recorded of a run."""
    with open(folder / "history.csv", newline="") as file:
        rows = [
            {name: float(value) for name, value in row.items()}
            for row in csv.DictReader(file)
        ]
    metrics = json.loads((folder / "metrics.json").read_text())
    return without_the_rest(
        {
            "history": rows,
            "metrics": metrics,
            "weights": {
                path.stem: weights_hash(path)
                for path in sorted(folder.rglob("*.keras"))
            },
        }
    )


def without_the_rest(value):
    """Returns a JSON value without `LEFT_OUT`, at any depth."""
    if isinstance(value, dict):
        return {
            name: without_the_rest(part)
            for name, part in value.items()
            if name not in LEFT_OUT
        }
    if isinstance(value, list):
        return [without_the_rest(part) for part in value]
    return value


def weights_hash(path):
    """Returns the SHA-256 of the arrays of a `.keras` file.

    Whatever their layers are called and in whatever order they stand.
    """
    digests = []

    def add(name, item):
        if isinstance(item, h5py.Dataset):
            array = item[()]
            kind = f"{array.dtype} {array.shape} ".encode()
            digests.append(hashlib.sha256(kind + array.tobytes()).digest())

    with zipfile.ZipFile(path) as archive:
        stored = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(stored) as file:
        file.visititems(add)
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def flat(value, name=""):
    """Yields `(name, number or text)` of all that a JSON value holds."""
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        yield name, value
        return
    for key, part in parts:
        yield from flat(part, f"{name}.{key}" if name else str(key))


def same(old, new):
    """Says whether two values are one, to the last bit of a number."""
    if isinstance(old, str) or isinstance(new, str) or None in (old, new):
        return old == new
    if math.isnan(old) or math.isnan(new):
        return math.isnan(old) and math.isnan(new)
    return old == new and math.copysign(1, old) == math.copysign(1, new)


def compare(old, new, only):
    """Prints which cases differ and what is new; whether all are equal."""
    count, equal, added = 0, 0, {}
    for path in sorted(old.glob("*.json")):
        if not re.search(only, path.stem):
            continue
        count += 1
        there = new / path.name
        if not there.exists():
            print(f"{path.stem}: not in the new record")
            continue
        before = dict(flat(json.loads(path.read_text())))
        after = dict(flat(json.loads(there.read_text())))
        added |= dict.fromkeys(after.keys() - before.keys())
        told = [
            f"{name} {value!r}, now {after.get(name, 'missing')!r}"
            for name, value in before.items()
            if name not in after or not same(value, after[name])
        ]
        if told:
            more = f"; and {len(told) - 1} more" if told[1:] else ""
            print(f"{path.stem}: {told[0]}{more}")
        else:
            equal += 1
    if added:
        print(f"in the new record only: {', '.join(sorted(added))}")
    print(f"{equal} of {count} cases equal to the bit")
    return equal == count > 0


def make_parser():
    """Returns the parser of this command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.same_numbers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("record", help="train, and write the numbers")
    train.add_argument("out", type=pathlib.Path, metavar="FOLDER")
    train.add_argument("--runs", type=pathlib.Path, metavar="DIR")
    train.add_argument("--replicas", type=int, help=argparse.SUPPRESS)
    beside = commands.add_parser("compare", help="tell what differs")
    beside.add_argument("old", type=pathlib.Path)
    beside.add_argument("new", type=pathlib.Path)
    for command in (train, beside):
        command.add_argument(
            "--only", default="", metavar="PATTERN", help="names of cases"
        )
    return parser


def main(argv=None):
    """Reads the command line, and records or compares."""
    given = make_parser().parse_args(argv)
    if given.command == "compare":
        sys.exit(not compare(given.old, given.new, given.only))
    if given.replicas:
        record_here(given.out, given.only, given.runs, given.replicas)
    else:
        record(given.out, given.only, given.runs)


if __name__ == "__main__":
    main()
