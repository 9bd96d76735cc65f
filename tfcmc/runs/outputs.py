"""An output is never an input."""

import os
import pathlib

from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.paths import is_same
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import NAME as IDENTITY_FILE


def check_output(out, plan, run, *inputs) -> None:
    """Checks that a file to be written is none that a command reads.

    Args:
        plan: The `Plan`, whose data are read.
        run: The `Run`, whose files are read, now or when it goes on; those
            of other runs will be.
        *inputs: Other files that are read.

    Raises:
        UsageError: if it is one of them under any name, or would be.
    """
    reads = plan.data.member.extra.get("reads")
    if reads is not None and reads(plan.data.argument, out):
        place = plan.data.spec
    elif owner := next((r for r in (run, *_around(out)) if r.owns(out)), None):
        place = f"the run in {owner.folder}"
    elif any(is_same(out, path) for path in inputs):
        place = "what is asked for"
    else:
        return
    raise UsageError(
        f"`out` must be a file that is not read. "
        f"Received: {str(out)!r}, which is of {place}"
    )


def _around(path):
    """Returns the runs that a file lies in."""
    place = pathlib.Path(os.path.realpath(path)).parent
    return [
        Run(folder)
        for folder in (place, place.parent)
        if (folder / IDENTITY_FILE).is_file()
    ]
