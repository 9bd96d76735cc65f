"""The images of a dataset's parts, decoded to one side."""

from tfcmc.data.decode import decode
from tfcmc.data.pictures import common_limit, keep
from tfcmc.data.progress import Progress
from tfcmc.data.room import room_beside
from tfcmc.foundation.errors import UsageError


def read_parts(files, counts, side, reading, account):
    """Decodes the images of all parts: in memory, or streamed from files.

    Args:
        files: Part to iterable of `(file, label)`, as `decode` takes it.
        counts: Part to how many come, at most.
        side: Side in pixels at which pictures are kept.
        reading: A `Reading`.
        account: An `Account`; what is met is added to it.

    Returns:
        `(parts, notes)`: part to `(pictures, labels)`, and what the user
        should know of them, one line each.

    Raises:
        UsageError: if an image cannot be read and `on_bad_image` is "stop",
            or no image of a part can.
    """
    total = sum(counts.values())
    limit = common_limit(total, side, reading.memory_limit)
    kept = total * side * side * 3 if limit else 0
    room = room_beside(kept, reading.memory_limit)
    progress = Progress("images decoded", total)
    parts = {}
    for part, found in files.items():
        labels = []
        batches = decode(
            found, side, reading.on_bad_image, room, labels, account
        )
        pictures = keep(_told(batches, progress), side, counts[part], limit)
        if not labels:
            raise UsageError(
                "`data` must have images that can be read for each of "
                f"{', '.join(files)}. Received: none for {part}; "
                f"{account.bad[-1]}"
            )
        parts[part] = pictures, labels
    notes = account.notes()
    if not reading.side and len(account.shorter) > 1:
        notes.append(
            f"shorter sides are {min(account.shorter)} to "
            f"{max(account.shorter)} pixels: all are kept at {side}x{side} "
            f"(--picture-side sets it)"
        )
    return parts, notes


def _told(batches, progress):
    for batch in batches:
        progress.add(len(batch))
        yield batch
