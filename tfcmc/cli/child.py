"""A command in a process that ends with the one that started it.

    python -m tfcmc.cli.child FOLDER MODULE [OPTION ...]

is `python -m MODULE [OPTION ...]`, once no other such process works in FOLDER
any more; "" where it writes to none. Its stdin is a pipe that its parent holds
open and writes nothing to: the system closes it whatever the parent ends by.
Then a training saves where it is, as at Ctrl-C, and ends.
"""

import contextlib
import os
import runpy
import signal
import sys
import threading
import time

from tfcmc.cli import command_line
from tfcmc.foundation.locks import held
from tfcmc.foundation.signals import HANGUP

GRACE = 60.0  # seconds for a step to end and be saved


def main(argv: list[str] | None = None) -> None:
    """Runs the module of `[folder, module, option, ...]`."""
    folder, module, *words = sys.argv[1:] if argv is None else argv
    # Where the parent was told to ignore it, for its terminal's sake.
    signal.signal(HANGUP, signal.SIG_DFL)
    threading.Thread(target=end_with_parent, daemon=True).start()
    # One whose parent was killed ends a moment later.
    alone = held(folder, part="child-", wait=True)
    with alone if folder else contextlib.nullcontext():
        sys.argv = [module, *words]
        runpy.run_module(module, run_name="__main__", alter_sys=True)


def end_with_parent() -> None:
    """Waits for the parent to end, and ends this process then."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), HANGUP)
    time.sleep(GRACE)
    os._exit(1)


if __name__ == "__main__":
    command_line.run(main)
