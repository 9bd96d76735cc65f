"""Where and when something is measured, in words."""

import datetime
import importlib.metadata
import os
import pathlib
import platform
import textwrap

WIDTH = 79  # of a line
PACKAGES = ("tensorflow", "keras", "numpy", "torch", "scikit-image", "pillow")


def describe(threads):
    """Says where and when this is measured, in a few lines.

    Args:
        threads: Cores and threads for each case.
    """
    versions = [
        f"{name} {importlib.metadata.version(name)}"
        for name in PACKAGES
        if _installed(name)
    ]
    today = datetime.date.today().isoformat()
    where = (
        f"{today}, {_processor()}, {threads} of {os.cpu_count()} cores, "
        f"Python {platform.python_version()}"
    )
    return "\n".join([where, *textwrap.wrap(", ".join(versions), WIDTH)])


def _installed(name):
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _processor():
    path = pathlib.Path("/proc/cpuinfo")
    if path.is_file():
        for line in path.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
