"""Says what a data spec holds; fetches it, or packs it, where asked."""

import numpy as np

from tfcmc.cli import command_line
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.text import printable
from tfcmc.report.text_tables import laid_out
from tfcmc.runs.identity import READ_BY, ROLES

ASKED = tuple(each for each in READ_BY if each not in ("data", "crop_from"))
MOST_CLASSES = 20  # that are listed, a line each


def make_parser(manual: str | None = None) -> command_line.Parser:
    """Returns the parser of its options."""
    parser = command_line.make_parser("trainers.data", manual)
    parser.add_argument("data", metavar="SPEC", help="spec of the data")
    parser.add_argument(
        "--pack",
        metavar="FOLDER",
        help="write them there, to be read as records:FOLDER: image files as "
        "they are, or with --picture-side as pixels of that side",
    )
    command_line.add_settings(parser, PretrainConfig, only=ASKED)
    return parser


def run(given: dict):
    """Fetches data, looks through them and prints what they hold.

    Returns:
        The `Source`.

    Raises:
        UsageError: if there are no such data, or they cannot be read.
    """
    packed = given.pop("pack", None)
    plan = make_plan(make_config(given), check_data=False)
    data, config = plan.data, plan.config
    if fetch := data.member.extra.get("fetch"):
        fetch(data.argument, config.data_dir)
    make_plan(config)  # checks that they are there
    from tfcmc.experiment.data import look_through, pack  # loads TensorFlow

    if packed:
        pack(plan, packed)
        limit = {"memory_limit": config.memory_limit}
        return run({"data": f"records:{packed}", **limit})
    look = look_through(plan)
    if check := data.member.extra.get("check_whole"):
        check(data.argument, look.source)
    lines = [config.data, *part_lines(look.source, look.described), ""]
    lines += class_lines(look.source)
    print("\n".join([*lines, *(f"note: {note}" for note in look.notes)]))
    return look.source


def part_lines(source, described: dict) -> list[str]:
    """Returns a table of a source's parts.

    Args:
        described: What `describe_data` says of it.
    """
    lines = [["part", "pictures", "size", "of a class", "SHA-256", "use"]]
    for name, pictures, labels in source.parts():
        known = described[name]
        use = ROLES[name]
        if name == "train" and not source.unseen:
            use = f"{ROLES['pretrain']}, and {use}"
        size = f"{known['side']}x{known['side']}"
        sizes = _sizes(labels)
        digest = known["sha256"][:12]
        lines.append([name, f"{len(pictures):,}", size, sizes, digest, use])
    return laid_out(lines, left=(0, 4, 5))


def _sizes(labels):
    """Says how many pictures the smallest and the largest class have."""
    if labels is None:
        return "no labels"
    counts = np.bincount(labels)
    low, high = counts[counts > 0].min(), counts.max()
    return f"{high:,}" if low == high else f"{low:,} to {high:,}"


def class_lines(source) -> list[str]:
    """Returns the classes, with how many pictures each part has of them."""
    splits = {
        name: labels
        for name, _, labels in source.parts()
        if labels is not None
    }
    if not splits:
        return []
    names = list(map(printable, map(str, source.class_names)))
    counts = [
        np.bincount(labels, minlength=len(names)) for labels in splits.values()
    ]
    lines = [["class", *splits]]
    lines += [
        [name, *(f"{count[number]:,}" for count in counts)]
        for number, name in enumerate(names[:MOST_CLASSES])
    ]
    laid = laid_out(lines, left=0)
    if len(names) > MOST_CLASSES:
        laid.append(f"and {len(names) - MOST_CLASSES:,} more classes")
    return [*laid, ""]
