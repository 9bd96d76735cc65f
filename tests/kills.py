"""Kills trainings at random moments, and holds what they come to in the end.

    python -m tests.kills --kills=30

Every loss of the four, with negatives of the batch and of a bank, on one
device and on two: each is trained once undisturbed, and then again, killed
by SIGKILL, SIGTERM or Ctrl-C at random moments and started again with the
same command. Weights, history and metrics have to be the same, bit for bit.
"""

import argparse
import itertools
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from tfcmc.foundation.arrays import read_arrays
from tfcmc.runs.folder import Run
from tfcmc.runs.record import read_metrics

ROOT = pathlib.Path(__file__).parents[1]
LOSSES = ("softmax", "nce(z=mean)", "triplet", "spring")
NEGATIVES = ("batch", "bank(momentum=0.5, draws=64)")
DEVICES = (1, 2)
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
# A signal caught is answered by an exit code, one not caught by itself.
CODES = {
    signal.SIGKILL: (-signal.SIGKILL,),
    signal.SIGTERM: (-signal.SIGTERM, 128 + signal.SIGTERM),
    signal.SIGINT: (-signal.SIGINT, 128 + signal.SIGINT),
}
UNDISTURBED = 600  # seconds that a training may take
BEFORE_TRAINING = 0.3  # of the kills come before it, or after
# What is told of time is no result.
TIMES = ("seconds",)


def words_of(loss, negatives, folder):
    """Returns the words of `trainers.pretrain` for a small training."""
    words = "--data=shapes(size=640) --batch-size=32 --epochs=3 --save-every=4"
    words += " --side=32 --encoder=paper(width=0.5)"
    places = [f"--negatives={negatives}", f"--run-dir={folder}"]
    return [f"--loss={loss}", *words.split(), *places]


def start(devices, words):
    """Starts a training on so many devices, which Ctrl-C can stop."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "tests.pretrain_on", str(devices)]
        + words,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def outcome(folder):
    """Reads what a training came to, without times, to the bit."""
    run = Run(folder)
    rows = [
        {name: value for name, value in row.items() if name not in TIMES}
        for row in run.read_history()
    ]
    metrics = read_metrics(run)
    if not rows or metrics is None:
        raise RuntimeError(f"{folder} is not finished")
    last = sorted((folder / "checkpoints").glob("step-*.npz"))[-1]
    weights = {
        name: array.tobytes()
        for name, array in read_arrays(last).items()
        if name.startswith("variable")
    }
    return {"rows": rows, "metrics": metrics, "weights": weights}


def undisturbed(devices, words):
    """Trains to the end; returns the seconds before training, and in all."""
    begun = time.monotonic()
    process = start(devices, words)
    before = None
    for line in process.stdout:
        if line.startswith("training with"):
            before = time.monotonic() - begun
    errors = process.stderr.read()
    if process.wait(UNDISTURBED):
        raise RuntimeError(f"{words}: {errors}")
    return before, time.monotonic() - begun


def killed(devices, words, number, moment):
    """Starts a training and kills it seconds later, by a signal.

    Returns:
        Whether it was still running.
    """
    process = start(devices, words)
    try:
        process.communicate(timeout=moment)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
        _, errors = process.communicate(timeout=UNDISTURBED)
        # It may have ended by itself in the meantime.
        if process.returncode not in (0, *CODES[number]):
            raise RuntimeError(
                f"exit code {process.returncode} after signal {number}: "
                f"{errors}"
            ) from None
        if "Traceback" in errors:
            raise RuntimeError(errors) from None
        return process.returncode != 0
    if process.returncode:
        raise RuntimeError(f"{words}: exit code {process.returncode}")
    return False


def draw_moment(generator, before, whole):
    """Draws when to kill: mostly while it trains, saves and judges."""
    early = generator.random() < BEFORE_TRAINING
    return generator.uniform(0.0 if early else before, whole)


def study(cases, kills, seed, folder, show=print):
    """Kills and compares.

    Args:
        cases: `(loss, negatives, devices)`s.
        kills: How many in all, spread over the cases.
        seed: Of the moments and the signals.
        folder: Where to work.
        show: Called with each line of the result.

    Returns:
        How many of the kills came to what was not killed: all of a case's,
        or none.
    """
    generator = random.Random(seed)
    good = 0
    for place, (loss, negatives, devices) in enumerate(cases):
        whole, broken = (folder / f"{place}-{name}" for name in "ab")
        before, seconds = undisturbed(
            devices, words_of(loss, negatives, whole)
        )
        words = words_of(loss, negatives, broken)
        share = kills // len(cases) + (place < kills % len(cases))
        told, same = [], True
        while len(told) < share:
            number = generator.choice(SIGNALS)
            moment = draw_moment(generator, before, seconds)
            if killed(devices, words, number, moment):
                told.append(f"{number.name} at {moment:.1f} s")
            else:  # it was faster: that training has ended
                same &= outcome(whole) == outcome(broken)
                shutil.rmtree(broken)
        undisturbed(devices, words)
        same &= outcome(whole) == outcome(broken)
        good += share * same
        show(
            f"{loss}, {negatives}, {devices} device(s): "
            f"{'equal' if same else 'DIFFERENT'}; {', '.join(told)}"
        )
        for done in (whole, broken):
            shutil.rmtree(done)
    return good


def main(argv=None):
    """Reads the command line, kills, and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(argv)
    cases = list(itertools.product(LOSSES, NEGATIVES, DEVICES))
    with tempfile.TemporaryDirectory() as folder:
        good = study(cases, given.kills, given.seed, pathlib.Path(folder))
    print(f"{good} of {given.kills} kills left no trace")
    sys.exit(good != given.kills)


if __name__ == "__main__":
    main()
