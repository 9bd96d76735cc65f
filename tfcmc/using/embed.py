"""Features of pictures by the frozen encoders of a run, to a file."""

import time

from tfcmc.experiment.architecture import open_trained
from tfcmc.experiment.data import as_trained, walk
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import settled
from tfcmc.using.vector_files import open_table

TELL_EVERY = 10  # seconds between lines of progress


@settled()
def embed(plan, run, out, *, embeddings=False):
    """Writes the features of every picture of the plan's data.

    Args:
        plan: The `Plan` of the run, with the data to embed.
        run: The `Run` whose encoders do it.
        out: Path of the file, checked by `check_out`.
        embeddings: Whether to add each branch's embedding, of unit length.

    Returns:
        How many pictures were written.
    """
    architecture, branches = open_trained(plan, run)
    reader = architecture.reader(branches)
    walked = walk(as_trained(plan, run))
    print(
        f"{plan.config.data}: {walked.count:,} pictures, "
        f"read at {walked.side}x{walked.side}"
    )
    count, told = 0, time.monotonic()
    with open_table(out) as add:
        for columns, pictures in walked.batches:
            encoded = reader.whole(pictures)
            vectors = {"features": encoded.joined()}
            if embeddings:
                for name, array in zip(
                    branches, encoded.embeddings, strict=True
                ):
                    vectors[f"embeddings_{name}"] = array
            add(columns, vectors)
            count += len(pictures)
            if time.monotonic() > told + TELL_EVERY:
                told = time.monotonic()
                print(f"  {count:,} of {walked.count:,}", flush=True)
        for note in walked.account.notes():
            print(f"  note: {note}")
        if not count:
            raise UsageError(
                f"`data` must have images that can be read. "
                f"Received: {walked.account.bad[-1]}"
            )
    shapes = ", ".join(
        f"{name} [{count}, {array.shape[1]}]"
        for name, array in vectors.items()
    )
    print(f"{out}: {', '.join(columns)}, {shapes}")
    return count
