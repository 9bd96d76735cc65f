"""Which folders of images are learnt from, and which are held out."""

import collections
import dataclasses
import pathlib

import numpy as np

from tfcmc.data.base import UNLABELLED
from tfcmc.data.class_folders import Finder, entries, odd_names
from tfcmc.data.file_list import FileList, joined
from tfcmc.data.validation import SPLIT_OFF, carve_validation
from tfcmc.foundation.errors import UsageError

# The names of each part's folder, in any case.
NAMES = {
    "unlabelled": UNLABELLED,
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "validation": ("validation", "valid", "val"),
}
HELD_OUT = ("test", "validation")  # the first with classes is judged on
NO_LABELS = (
    "the probe is skipped: there are no folders train/CLASS and test/CLASS"
)


@dataclasses.dataclass(frozen=True)
class Layout:
    """The images of a folder by the roles of its parts."""

    class_names: tuple  # one a label; none without labels
    files: dict  # pretrain, train or test, to its `FileList`
    labels: dict  # train or test, where they have any, to `[count]`
    notes: list  # what was chosen for the user, one line each
    others: collections.Counter  # of the extensions that cannot be read


def find_layout(root: pathlib.Path) -> Layout:
    """Finds the images of a folder, and what each is for.

    What is held out is never learnt from, whether it has classes or not.

    Raises:
        UsageError: if a folder cannot be read, there is only what is held
            out, the parts are further down, or the classes disagree.
    """
    finder = Finder()
    parts = _parts(finder, root)
    if not parts:
        finder = Finder()  # what was counted is met again
        images = finder.images_beneath(root)
        _check_flat(root, images)
        notes = [NO_LABELS, *(_mistaken(root) or _maybe_classes(root, images))]
        return Layout((), {"pretrain": images}, {}, notes, finder.others)
    learnt = parts.get("unlabelled") or parts.get("train")
    if learnt is None:
        name = next(iter(parts.values())).name
        raise UsageError(
            f"`data` must have images to learn from in train or unlabeled, "
            f"since {name} is held out; to learn from {name} itself, name "
            f"that folder. Received: {str(root)!r}, with images in {name}"
        )
    held_out = [parts[part] for part in HELD_OUT if part in parts]
    train = parts.get("train")
    judged = next((part for part in held_out if part.classes), None)
    files, labels, names = {}, {}, ()
    notes, used = [NO_LABELS], [learnt]
    if train and train.classes and judged:
        names = tuple(sorted(train.classes))
        for role, part in (("train", train), ("test", judged)):
            files[role], labels[role] = _with_labels(part, names)
        notes = odd_names(names, train.empty)
        used = [learnt, train, judged]
    if not names or "unlabelled" in parts:
        files["pretrain"] = learnt.images
    notes += _choices(parts, used) + _beside(finder, root, parts)
    return Layout(names, files, labels, notes, finder.others)


def split_layout(root: pathlib.Path) -> Layout:
    """Finds the images of class folders, and holds a fifth of each out.

    Raises:
        UsageError: if a folder cannot be read, there are no two classes, some
            images are in none, or parts are apart already.
    """
    if parts := _parts(Finder(), root):
        listed = " and ".join(sorted(part.name for part in parts.values()))
        raise UsageError(
            f"`data` must be class folders alone. Received: {str(root)!r}, "
            f"whose {listed} are read by folder:DIR, or are to be renamed"
        )
    finder = Finder()
    found = finder.classes_of(root)
    names = tuple(sorted(found.classes))
    if len(names) < 2:
        raise UsageError(
            f"`data` must have two folders of images at least, one a class. "
            f"Received: {str(root)!r}, with {len(names)}"
        )
    images, labels = _with_labels(found, names)
    rows = dict(
        zip(("train", "test"), carve_validation(labels, 0), strict=True)
    )
    if not len(rows["test"]):
        raise UsageError(
            f"`data` must have a class of two images at least, of which one "
            f"is held out. Received: {str(root)!r}, with one of each"
        )
    return Layout(
        names,
        {role: images.take(some) for role, some in rows.items()},
        {role: labels[some] for role, some in rows.items()},
        [SPLIT_OFF, *odd_names(names, found.empty)],
        finder.others,
    )


def _parts(finder, root):
    """Returns part to its `ClassFolders`; none where nothing is apart."""
    there, _ = entries(root)
    folders = {
        part: [name for name in there if name.casefold() in names]
        for part, names in NAMES.items()
    }
    if not any(folders[part] for part in NAMES if part != "train"):
        return {}  # a folder called train, alone, may be a class
    parts = {}
    for part, listed in folders.items():
        read = finder.classes_of if part != "unlabelled" else finder.one_class
        found = [read(root / name) for name in listed]
        found = [folder for folder in found if len(folder)]
        if len(found) > 1:
            raise UsageError(
                f"`data` must have one folder of the {part} images. "
                f"Received: {' and '.join(repr(f.name) for f in found)}"
            )
        if found:
            parts[part] = found[0]
    return parts if parts.keys() != {"train"} else {}


def _check_flat(root, images):
    """Checks that no folder further down has a train part and a held-out."""
    inside = collections.defaultdict(dict)
    for place in sorted(set(images.folders)):
        *above, name = pathlib.Path(place).relative_to(root).parts or ("",)
        while above:
            inside[root.joinpath(*above)][name.casefold()] = name
            name = above.pop()
    held_out = [name for part in HELD_OUT for name in NAMES[part]]
    for place, names in inside.items():
        held = [names[name] for name in held_out if name in names]
        if held and not names.keys().isdisjoint(NAMES["train"]):
            raise UsageError(
                f"`data` must have {held[0]} beside train at its top, or it "
                f"would be learnt from. Received: {str(root)!r}, with both in "
                f"{str(place)!r}"
            )


def _mistaken(root):
    """Tells folders with the classes of train whose names say no part."""
    there, _ = entries(root)
    classes = {name: set(entries(root / name)[0]) for name in there}
    train = [name for name in there if name.casefold() in NAMES["train"]]
    return [
        f"{name} is learnt from too: a folder with the classes of {mine} is "
        f"held out where it is called test or val"
        for mine in train
        for name in there
        if name not in train and classes[name] & classes[mine]
    ]


def _maybe_classes(root, images):
    """Tells how folders that may be classes are read as such."""
    there = {
        pathlib.Path(place).relative_to(root).parts[:1]
        for place in images.folders
    }
    if len(there) < 2 or () in there:
        return []
    return [
        f"where its {len(there):,} folders are classes, --data=classes:DIR "
        f"holds a fifth of each out to judge by"
    ]


def _with_labels(part, names):
    """Returns the images of a part by their classes, and their labels."""
    if strange := sorted(set(part.classes) - set(names)):
        raise UsageError(
            f"`data` must have every class of {part.name} in train too. "
            f"Received: {', '.join(map(repr, strange[:5]))} only in "
            f"{part.name}"
        )
    classes = [part.classes.get(name, FileList()) for name in names]
    labels = np.repeat(np.arange(len(names)), list(map(len, classes)))
    return joined(classes), labels


def _choices(parts, used):
    """Tells which parts stand in for others, and which are not used."""
    notes = []
    validation = parts.get("validation")
    if validation in used:
        notes.append(
            f"{validation.name} is judged on, since there is no test/CLASS"
        )
    for part in parts.values():
        if part not in used:
            classes = "" if part.classes else ", in no class folders"
            notes.append(
                f"{part.name} is not used: {len(part):,} images{classes}"
            )
    return notes


def _beside(finder, root, parts):
    """Tells of images that are in none of the parts."""
    mine = {part.name for part in parts.values()}
    folders, files = entries(root)
    count = len(finder.images_of(files))
    for name in folders:
        if name in mine:
            continue
        try:
            count += len(finder.images_beneath(root / name))
        except UsageError:
            continue  # what is not read need not be readable
    if not count:
        return []
    return [f"{count:,} images beside {', '.join(sorted(mine))} are not used"]
