"""What a folder of a million image files costs, and whether it holds.

    python -m benchmarks.many_files --files=1300000 --folder=/big/million

Makes a folder of small JPEGs, no two of the same bytes: train, of 1,000
classes of different sizes, and a test part; then trains from it with a tiny
encoder, each time by the command in a process of its own. Measured are a first
start, which reads every file once, and a second one, each as far as the first
step; and some steps more, as part of an epoch. The same steps again, killed by
SIGKILL in the middle and continued by the same command, have to come to the
same weights, bit for bit. 4 KB of disk a file; what was made stays there, and
is not made again.
"""

import concurrent.futures
import functools
import io
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import time

import numpy as np

from benchmarks import machine, measuring
from benchmarks.measuring import Option
from benchmarks.same_numbers import weights_hash
from tfcmc.cli import command_line
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.registry import Number

Image = LazyModule("PIL.Image")

SIDE = 64  # in pixels
NOISES = 256  # pictures; files that show the same have other comments
COMMENT = 0xFFFE  # JPEG's marker of one
CLASSES = 1000
TEST = 2  # of each class
MADE = "made"  # in the folder, once all files are
WORDS = "--evaluate=none --encoder=paper(width=0.2) --views=rgb --side=32"
HEAD = ["", "s", "peak MB"]


def counts(files: int) -> list[int]:
    """Returns how many each class has: the last 9 times as many as the first.

    Where there are that many files; and `TEST` and one more at least.
    """
    classes = min(CLASSES, files // (2 * (TEST + 1)))
    shares = np.linspace(1, 9, classes)
    ends = np.round(np.cumsum(shares) / shares.sum() * files).astype(int)
    return np.maximum(np.diff(ends, prepend=0), TEST + 1).tolist()


def make(folder: pathlib.Path, files: int) -> None:
    """Makes the files, unless they are there."""
    made = folder / MADE
    if made.exists() and made.read_text() == str(files):
        return
    each = counts(files)
    firsts = np.cumsum([0, *each[:-1]]).tolist()
    with concurrent.futures.ProcessPoolExecutor() as pool:
        for _ in pool.map(
            _make_class, [folder] * len(each), range(len(each)), firsts, each
        ):
            pass
    made.write_text(str(files))


def _make_class(folder, label, first, count):
    """Makes the pictures of a class."""
    for part in ("train", "test"):
        (folder / part / f"n{label:04d}").mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        part = "test" if number < first + TEST else "train"
        place = folder / part / f"n{label:04d}"
        (place / f"n{label:04d}_{number}.jpg").write_bytes(_picture(number))


def _picture(number):
    """Returns a JPEG: one of some, with its own number as a comment."""
    begin, rest = _noise(number % NOISES)
    comment = struct.pack(">Q", number)
    return (
        begin + struct.pack(">HH", COMMENT, 2 + len(comment)) + comment + rest
    )


@functools.cache
def _noise(seed):
    """Returns a JPEG of noise, of 4 x 4 pixels a grain, in two parts."""
    grains = np.random.default_rng(seed).bytes((SIDE // 4) ** 2 * 3)
    small = Image.frombytes("RGB", (SIDE // 4, SIDE // 4), grains)
    stream = io.BytesIO()
    small.resize((SIDE, SIDE), Image.Resampling.NEAREST).save(
        stream, "JPEG", quality=50
    )
    content = stream.getvalue()
    return content[:2], content[2:]


class Trainings:
    """Trainings from the folder, each a process with its own run folder."""

    def __init__(self, folder, batch_size, memory_limit):
        self._base = [f"--data=folder:{folder}", f"--batch-size={batch_size}"]
        self._base += [*WORDS.split(), f"--memory-limit={memory_limit}"]
        self.runs = folder.with_name(f"{folder.name}-runs")
        shutil.rmtree(self.runs, ignore_errors=True)
        self.runs.mkdir()

    def start(self, name, steps):
        """Starts one; its output goes to a file beside its run folder."""
        often = max(1, steps // 4)
        words = [*self._base, f"--steps={steps}", f"--save-every={often}"]
        environment = {
            **os.environ,
            "XDG_CACHE_HOME": str(self.runs / "cache"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        with (self.runs / f"{name}.txt").open("a") as screen:
            return subprocess.Popen(
                [sys.executable, "-u", "-m", "trainers.pretrain", *words]
                + [f"--run-dir={self.runs / name}"],
                cwd=measuring.ROOT,
                env=environment,
                stdout=screen,
                stderr=screen,
            )

    def wait(self, process):
        """Waits for the end of one.

        Returns:
            Its peak of memory, in MB.

        Raises:
            UsageError: if it failed.
        """
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise UsageError(
                f"A training ended with exit code {process.returncode}: see "
                f"{self.runs}"
            )
        unit = 1 if sys.platform == "darwin" else 1024
        return usage.ru_maxrss * unit / 1e6

    def measure(self, name, steps):
        """Trains; returns the seconds it took and its peak in MB."""
        begun = time.perf_counter()
        peak = self.wait(self.start(name, steps))
        return time.perf_counter() - begun, peak

    def kill(self, name, steps):
        """Kills one once it has saved a step, before its last."""
        process = self.start(name, steps)
        checkpoints = self.runs / name / "checkpoints"
        while not list(checkpoints.glob("step-*")):
            if process.poll() is not None:
                raise UsageError(f"It ended before it saved: see {self.runs}")
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def weights(self, name):
        """Returns the hash of the weights of each encoder."""
        paths = (self.runs / name / "encoders").glob("*.keras")
        return {path.stem: weights_hash(path) for path in paths}


def measure(folder, files, steps, batch_size, memory_limit) -> list:
    """Makes the files, trains from them, and returns the table's rows."""
    begun = time.perf_counter()
    make(folder, files)
    rows = [[f"{files:,} files made", f"{time.perf_counter() - begun:,.1f}"]]
    rows[0].append("")
    trainings = Trainings(folder, batch_size, memory_limit)
    several = f"{steps:,} steps of {batch_size:,}"
    for told, name, count in (
        ("first start, to the first step", "first", 1),
        ("second start, to the first step", "second", 1),
        (several, "whole", steps),
    ):
        seconds, peak = trainings.measure(name, count)
        rows.append([told, f"{seconds:,.1f}", f"{peak:,.0f}"])
    trainings.kill("killed", steps)
    seconds, peak = trainings.measure("killed", steps)
    rows.append(["killed, and continued", f"{seconds:,.1f}", f"{peak:,.0f}"])
    if trainings.weights("whole") != trainings.weights("killed"):
        raise UsageError(f"Other weights: see {trainings.runs}")
    shutil.rmtree(trainings.runs)
    return rows


def _add_folder(parser):
    parser.add_argument(
        "--folder", required=True, metavar="DIR", help="where the files go"
    )
    parser.add_argument(
        "--memory-limit",
        type=float,
        default=4.0,
        metavar="GIB",
        help="of each training (default: 4, the command's own)",
    )


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = measuring.read(
        "benchmarks.many_files",
        __doc__,
        argv,
        _add_folder,
        files=Option(20_000, "image files", Number(at_least=24, whole=True)),
        steps=Option(400, "steps more", Number(at_least=4, whole=True)),
        batch_size=measuring.BATCH,
    )
    folder = pathlib.Path(given.pop("folder")).absolute()
    print(machine.describe(measuring.available()))
    print(f"\n{measuring.table(HEAD, measure(folder, **given))}\n")
    print("killed in the middle and continued: the same weights, bit for bit")


if __name__ == "__main__":
    command_line.run(main)
