"""An output is never an input."""

from tfcmc.checks import UsageError
from tfcmc.paths import is_same


def check_output(out, plan, run, *inputs) -> None:
    """Checks that a file to be written is none that the command reads.

    Args:
        out: Path of the file.
        plan: The `Plan`, whose data are read.
        run: The `Run`, whose files are read, now or when it goes on.
        *inputs: Paths of other files that are read.

    Raises:
        UsageError: if it is one of them under any name, or would be.
    """
    reads = plan.data.member.extra.get("reads")
    if reads is not None and reads(plan.data.argument, out):
        place = plan.data.spec
    elif run.owns(out):
        place = f"the run in {run.folder}"
    elif any(is_same(out, path) for path in inputs):
        place = "what is asked for"
    else:
        return
    raise UsageError(
        f"`out` must be a file that is not read. "
        f"Received: {str(out)!r}, which is of {place}"
    )
