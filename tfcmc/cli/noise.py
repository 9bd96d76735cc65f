"""What TensorFlow notes about itself while it is loaded, kept off stderr.

Until it has started, its C++ code writes to the descriptor whatever its log
level is. A process apart reads that and passes on everything else: it lives
until it has done so, however this one ended. Afterwards nothing stands
between TensorFlow and the screen, so that what it says before it aborts is
there at once.
"""

import contextlib
import os
import re
import subprocess
import sys

# Notes of level I and W, and the one E that says "no GPU", in the two forms
# of TensorFlow 2.20 and 2.21.
NOISE = re.compile(
    rb"WARNING: All log messages before absl"
    rb"|([IW]\d{4}|\d{4}-\d\d-\d\d [\d:.]+: [IW]) "
    rb"|(E\d{4}|\d{4}-\d\d-\d\d [\d:.]+: E) .*(cuInit|cuda|cuDNN|cuBLAS)"
    rb"|To enable the following instructions: .* rebuild TensorFlow"
)
LINE_ENDS = re.compile(rb"(?<=[\r\n])")


@contextlib.contextmanager
def without_noise():
    """Passes on what is written to stderr, but for TensorFlow's notes."""
    sys.stderr.flush()
    screen = os.dup(2)
    copier = subprocess.Popen(
        # Isolated and without site-packages, it starts in 15 ms.
        [sys.executable, "-I", "-S", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        # Ctrl-C is for the command: what it says then is passed on too.
        start_new_session=True,
    )
    os.dup2(copier.stdin.fileno(), 2)
    copier.stdin.close()
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(screen, 2)  # closes the pipe's end, which ends the copier
        os.close(screen)
        copier.wait()


def copy(source: int, screen: int) -> None:
    """Copies all but noise from one descriptor, to its end, to another."""
    pending = b""
    with open(source, "rb", 0) as lines, open(screen, "wb", 0) as out:
        while chunk := lines.read(65536):
            # A progress bar ends its lines by going back to their start.
            *whole, pending = LINE_ENDS.split(pending + chunk)
            out.write(b"".join(n for n in whole if not NOISE.match(n)))
        out.write(b"" if NOISE.match(pending) else pending)


if __name__ == "__main__":
    copy(0, 2)
