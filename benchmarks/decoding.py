"""What decoding takes of a training on image files, beside PyTorch's.

    python -m benchmarks.decoding

JPEGs of 500x375, as ImageNet has them, are made of the pictures of --data,
side by side. Measured are the decoder alone; squares and views, as tfcmc reads
them from records; and training: the paper's encoders on views of 64, and a
ResNet-18 of quarter width under MoCo v2's distortions on views of 224; end to
end, on one batch again and again, and the same in PyTorch: an ImageFolder, two
crops a picture, DataLoader. On a machine that something else uses too, the
user's processor time a picture is what to look at. PyTorch and torchvision are
the extra [bench]; without them tfcmc is measured alone.
"""

import pathlib
import tempfile

import numpy as np

from benchmarks import machine, measuring
from benchmarks.measuring import Case, Option
from tfcmc.cli import command_line
from tfcmc.experiment.config import make_config
from tfcmc.experiment.data import pack, read_source
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.registry import Number

Image = LazyModule("PIL.Image")

HEIGHT, WIDTH, TILE = 375, 500, 64
QUALITY = 92  # of JPEG
REFERENCE = ("torch", "torchvision", "skimage")  # what the script imports
# What a training is, for both sides.
TRAININGS = {
    64: {"encoder": "paper", "views": "lab"},
    224: {
        "encoder": "resnet(depth=18, width=0.25)",
        "views": "rgb(augment=moco_v2)",
    },
}
RATE, CPU = "images_per_second", "milliseconds"
SHARE = 0.9


def save_pictures(given: dict, folder) -> float:
    """Writes the JPEGs to `images`, and packs them to `records`.

    Returns:
        How many thousand bytes a file has.
    """
    names = ("data", "data_dir")
    config = make_config({n: given[n] for n in names if n in given})
    pictures = read_source(make_plan(config)).pretrain
    tiles = -(-HEIGHT // TILE), -(-WIDTH // TILE)
    total = 0
    for number in range(given["pictures"]):
        rng = np.random.default_rng(number)
        chosen = rng.integers(0, len(pictures), tiles[0] * tiles[1])
        rows = [
            np.asarray(Image.fromarray(each).resize((TILE, TILE)))
            for each in pictures.read(chosen)
        ]
        whole = np.reshape(rows, (*tiles, TILE, TILE, 3)).swapaxes(1, 2)
        whole = whole.reshape(tiles[0] * TILE, -1, 3)[:HEIGHT, :WIDTH]
        path = folder / "images" / "train" / str(number % 2) / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(whole).save(path, quality=QUALITY)
        total += path.stat().st_size
    config = make_config({"data": f"folder:{folder / 'images' / 'train'}"})
    pack(make_plan(config), folder / "records")
    return total / given["pictures"] / 1000


def cases(given: dict, folder, threads: int) -> dict:
    """Lists name to `Case`, of so many cores."""
    common = {"folder": str(folder), "seconds": given["seconds"]}
    found = {}

    def add(name, module, **settings):
        found[name] = Case(name, f"benchmarks.{module}", common | settings)

    for what, package in (("Pillow", "PIL"), ("simplejpeg", "simplejpeg")):
        if measuring.has(package):
            add(f"{what}, decoding alone", "decoding_parts", what=what)
    sized = {"settings": {"batch_size": given["batch_size"]}}
    add("squares of 96", "decoding_parts", what="squares", **sized)
    for side in TRAININGS:
        views = {"what": "views", "side": side}
        add(f"two views of {side}", "decoding_parts", **views, **sized)
    if threads < given["threads"]:
        return found
    for side, settings in TRAININGS.items():
        settings = {**settings, "batch_size": given["batch_size"]}
        name = f"{side}, {settings['encoder'].partition('(')[0]}"
        ours = {"what": "training", "side": side, "settings": settings}
        add(f"training, {name}", "decoding_parts", **ours)
        add(f"one batch, {name}", "decoding_parts", **ours, one_batch=True)
        if all(map(measuring.has, REFERENCE)):
            theirs = {n: given[n] for n in ("batch_size", "workers")}
            add(f"PyTorch, {name}", "torch_decoding", side=side, **theirs)
    return found


def show(found: dict, threads: int) -> None:
    """Prints the table of what was measured on so many cores."""
    rows = [
        [
            name,
            measuring.spread(measuring.summary(rounds, RATE), ",.0f"),
            measuring.spread(measuring.summary(rounds, CPU), ",.2f"),
        ]
        for name, rounds in found.items()
    ]
    cores = f"{threads} core" + "s" * (threads > 1)
    head = [cores, "images/s (low to high)", "ms of processor a picture"]
    print(f"\n{measuring.table(head, rows)}\n")
    for side, settings in TRAININGS.items():
        name = f"{side}, {settings['encoder'].partition('(')[0]}"
        if f"training, {name}" not in found:
            continue
        parts = (f"two views of {side}", f"one batch, {name}")
        alone = sum(measuring.summary(found[each], CPU)[0] for each in parts)
        whole = measuring.summary(found[f"training, {name}"], CPU)[0]
        told = f"decoding and one batch / training, {name}: processor time"
        print(measuring.verdict(told, alone / whole, SHARE))


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = measuring.read(
        "benchmarks.decoding",
        __doc__,
        argv,
        lambda parser: command_line.add_data(
            parser, "spec of the pictures that files are made of"
        ),
        rounds=measuring.ROUNDS,
        threads=measuring.THREADS,
        seconds=measuring.seconds(6.0, "that each measurement takes"),
        pictures=Option(512, "how many files"),
        batch_size=Option(
            32, "pictures a step", Number(at_least=2, whole=True)
        ),
        workers=Option(2, "of PyTorch's DataLoader", Number(at_least=0)),
    )
    print(machine.describe(given["threads"]))
    if not all(map(measuring.has, REFERENCE)):
        print("PyTorch or torchvision is not installed: tfcmc alone.")
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        size = save_pictures(given, folder)
        print(
            f"{given['pictures']:,} JPEGs of {WIDTH}x{HEIGHT}, {size:,.0f} KB"
        )
        for threads in sorted({1, given["threads"]}):
            listed = cases(given, folder, threads)
            rounds = given["rounds"]
            found = measuring.in_turns(listed, rounds=rounds, threads=threads)
            show(found, threads)


if __name__ == "__main__":
    command_line.run(main)
