"""What reaches the screen, whatever it is and whatever ends the process."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tfcmc.cli import command_line
from tfcmc.cli.faults import fault_of
from tfcmc.cli.noise import without_noise
from tfcmc.foundation.lazy import tf

LAST = "F0000 00:00:1795.7 29 device.cc:7] Check failed: a line one needs"
# It ends as TensorFlow's CHECK does: written to the descriptor, then over.
FATAL = """
import contextlib, os, sys
from tfcmc.cli import command_line, noise
def main():
    loading = sys.argv[1] == "loading"
    with noise.without_noise() if loading else contextlib.nullcontext():
        os.write(2, b"I0000 note\\n" * loading + sys.argv[2].encode())
        os.kill(os.getpid(), int(sys.argv[3]))
command_line.run(main)
"""
PRINTS = """
import sys
from tfcmc.cli import command_line
def main():
    print("many lines\\n" * 100_000)
    print("and then it goes on", file=sys.stderr)
command_line.run(main, listing=sys.argv[1] == "listing")
"""
# Its stderr is closed: the file that it opens next is not to be the new one.
OPENS = """
import os, sys
from tfcmc.cli import command_line
def main():
    with open(sys.argv[1], "w"):
        os.write(2, b"a note of C code")
command_line.run(main)
"""


def start(code, *words, **streams):
    """Starts Python on a few lines."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)], cwd=ROOT, **streams
    )


def test_noise_is_kept_off(capfd):
    """TensorFlow's notes go; everything else stays, in its order."""
    lines = [
        "I0000 00:00:1795.4 29 port.cc:153] oneDNN custom operations are on.",
        "2026-01-02 08:49:57.93: E external/cuda_platform.cc:51] cuInit: 303",
        "a warning that matters",
        "W0000 00:00:1795.5 29 op_level_cost_estimator.cc:699] PredictCost()",
        "E0000 00:00:1795.6 29 allocator.cc:12] out of memory",
        "IndexError: not a note of level I",
    ]
    with without_noise():
        os.write(2, "\n".join([*lines, "10 %\r20 %\r"]).encode())
        os.write(2, b"done")
    assert capfd.readouterr().err == "\n".join(
        [lines[2], lines[4], lines[5], "10 %\r20 %\rdone"]
    )


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGKILL])
@pytest.mark.parametrize("moment", ["loading", "after"])
def test_the_last_line_arrives(moment, number, tmp_path):
    """What is said just before an end that nobody can handle, every time."""
    words = (moment, LAST, int(number))
    for _ in range(3):
        process = start(FATAL, *words, stderr=subprocess.PIPE)
        assert process.communicate()[1].decode() == LAST
        assert process.returncode == -number
    errors = tmp_path / "errors"
    with open(errors, "wb") as file:
        start(FATAL, *words, stderr=file).wait()
    while moment == "loading" and not errors.read_bytes():
        pass  # the process that filters outlives it by a moment
    assert errors.read_text() == LAST


@pytest.mark.parametrize(
    ("what", "code", "error"),
    [
        ("listing", -signal.SIGPIPE, ""),
        ("training", 0, "and then it goes on\n"),
    ],
)
def test_a_reader_that_went_away(what, code, error):
    """A listing ends as the system's own programs do; a training goes on."""
    reading, writing = os.pipe()
    os.close(reading)
    process = start(PRINTS, what, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert process.communicate()[1].decode() == error
    assert process.returncode == code


@pytest.mark.parametrize(
    ("ending", "code", "lines"),
    [(">&-", 0, 0), (">&- 2>&-", 0, 0), (">/dev/full", 1, 1)],
)
def test_closed_or_full(ending, code, lines):
    """Nobody to print to is no mistake; a full disk is one line, once."""
    done = subprocess.run(
        f"{sys.executable} -m trainers.losses triplet {ending}",
        shell=True,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == lines


def test_a_closed_stderr_is_no_file(tmp_path):
    """C code writes to descriptor 2, whatever has become of it."""
    path = tmp_path / "file"
    # By a shell: what Python runs after a fork of many threads may not end.
    closed = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-c", OPENS]
    assert subprocess.run([*closed, path], cwd=ROOT).returncode == 0
    assert path.read_bytes() == b""


def of_tensorflow(name, message):
    """An error as TensorFlow raises it."""
    return getattr(tf.errors, name)(None, None, message)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.EFBIG, "File too large", "x"), "too large: 'x'"),
        (OSError(errno.ESTALE, "Stale file handle"), "Stale file handle"),
        (OSError(errno.EISDIR, "Is a directory", "x"), "a directory: 'x'"),
        (OSError(errno.ECONNRESET, "Connection reset"), "Connection reset"),
        (MemoryError("4 GiB for an array"), "out of memory (4 GiB for an"),
        (MemoryError(), "out of memory"),
        (("ResourceExhausted", "OOM when allocating a"), "out of memory"),
        (("FailedPrecondition", "a/b; Is a directory"), "Is a directory"),
        (("OutOfRange", "a/b; File too large"), "File too large"),
        (("InvalidArgument", "slice index -1 of dimension 0"), None),
        (OverflowError("bind(): port must be 0-65535"), None),
        (OSError("without a number it is no system's"), None),
    ],
    ids=str,
)
def test_faults(error, told, capsys):
    """The machine's are one line and exit code 1; others are the code's."""
    if isinstance(error, tuple):
        error = of_tensorflow(f"{error[0]}Error", error[1])

    def main():
        raise error

    ends = SystemExit if told else type(error)
    with pytest.raises(ends) as left:
        command_line.run(main)
    if told is None:
        assert fault_of(error) is None
        return
    assert left.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("The machine failed: ") and told in line
