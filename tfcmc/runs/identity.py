"""What makes a run the run it is: its settings, and the pictures it had.

The record of both, a run's identity, stands in the run folder, in every
checkpoint and in every encoder file, and is compared before anything is
written. It is plain values, `{"settings": ..., "data": ..., "replicas": ...}`:

settings  the settings that define the experiment, name to value
data      what `tfcmc.data.digest` says of the pictures
replicas  how many devices trained together
init      where the first weights come from, with the hash of each branch's
restarts  steps after which a longer training began its schedule anew
code      file and SHA-256 of the user's own functions, by the setting that
          names one
"""

import contextlib
import hashlib
import pathlib

import tfcmc
from tfcmc.foundation.errors import UsageError, differing
from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.records import COUNT, Within

# Settings that say where things are, when to give up and how much to judge,
# not what the experiment is.
CIRCUMSTANCES = (
    "run_dir",
    "data_dir",
    "evaluate",
    "force",
    "init",
    "memory_limit",
    "preset",
    "profile",
    "save_every",
    "stop_on_collapse",
    "strategy",
)
# Where the pictures are, and how they are read. Which ones that gives, their
# digest says: the same pictures may lie elsewhere.
PLACE = ("data", "data_dir")
READING = (*PLACE, "picture_side", "on_bad_image")
# All that decides on what is read, and whether by files or by pixels.
READ_BY = (*READING, "crop_from", "memory_limit")
ROLES = {
    "pretrain": "to learn from",
    "train": "to fit probes on",
    "test": "to test on",
}
metadata = LazyModule("importlib.metadata")

NAME = "identity.json"  # in a run folder, and in an encoder file
PART = {
    "pictures": COUNT,
    "side": Within(1, whole=True),
    "sha256": str,
    "of?": str,
    "labels_sha256?": str,
}
IDENTITY = {
    "settings": {"loss": str, "seed": int, "epochs": int},
    "data": {
        "pretrain": PART,
        "train?": PART,
        "test?": PART,
        "classes": COUNT,
        "class_names_sha256": str,
    },
    "replicas": Within(1, whole=True),
    "code?": {str: {"file": str, "sha256": str, "beside?": str}},
    "init?": {"place": str, "sha256": {str: str}},
    "restarts?": [COUNT],
}
ORIGIN = ("init", "restarts")  # what a verdict tells of it too
# Whose version decides on numbers.
DECIDING = ("keras", "tensorflow")
MOST_TOLD = 3  # differences in one message
# Settings that may be `local`.
OF_EACH_DEVICE = {"negatives": "negatives", "batch_norm": "batch statistics"}


def defining(settings: dict) -> dict:
    """Returns the settings that define an experiment, of all."""
    return {
        name: value
        for name, value in settings.items()
        if name not in CIRCUMSTANCES and name not in READING
    }


def make_identity(
    settings: dict,
    data: dict,
    replicas: int,
    code: dict | None = None,
    init: dict | None = None,
) -> dict:
    """Makes the identity of a run of all its settings."""
    kept = defining(settings)
    found = {"settings": kept, "data": data, "replicas": replicas}
    found |= {"code": code} if code else {}
    return found | ({"init": init} if init else {})


def alike(settings: dict, code: dict) -> dict:
    """Returns what all machines of a training have to be started with.

    Args:
        settings: Those of the experiment.
        code: The user's own code, by the setting that names it.

    Returns:
        Name to value: what defines the experiment, how pictures are read, the
        versions, and the digest of tfcmc and of each of the user's own files.
    """
    told = defining(settings)
    for name in READING:
        if name in settings and name not in PLACE:
            told[name] = settings[name]
    if told.get("steps") is not None:
        told.pop("epochs", None)  # they follow from the pictures
    told["version of tfcmc"] = tfcmc.__version__
    for name in DECIDING:
        with contextlib.suppress(metadata.PackageNotFoundError):
            told[f"version of {name}"] = metadata.version(name)
    told["text of tfcmc"] = _own_text()[:12]
    for each in code.values():
        told[f"text of {each['file']}"] = each["sha256"][:12]
        if "beside" in each:
            told[f"text of what {each['file']} imports"] = each["beside"][:12]
    return told


def _own_text():
    """The SHA-256 of what tfcmc is made of: checkouts of a version differ."""
    root = pathlib.Path(tfcmc.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def origin_of(identity: dict) -> dict:
    """Returns what is told of how a training came to its weights."""
    return {name: identity[name] for name in ORIGIN if name in identity}


def differences(found: dict, wanted: dict) -> str:
    """Says in what the identity that is there differs from the one wanted.

    Returns:
        "loss 'spring' and not 'softmax', 96 pictures to learn from and not
        64"; empty where the one can go on as the other.
    """
    told = setting_differences(
        found["settings"], wanted["settings"], longer=True
    )
    told += _data_differences(found["data"], wanted["data"])
    told += [f"another text of {file}" for file in changed_code(found, wanted)]
    first, other = (each.get("init", {}) for each in (found, wanted))
    if first.get("sha256") != other.get("sha256"):
        words = f"{_first(first)} and not {_first(other)}"
        if first.get("place") == other.get("place"):
            words = f"other {_first(first)} than there are now"
        told.append(words)
    # Only what is of each device's own depends on how many there are.
    for name, what in OF_EACH_DEVICE.items():
        local = str(wanted["settings"].get(name)).startswith("local")
        if local and found["replicas"] != wanted["replicas"]:
            told.append(
                f"{found['replicas']} devices with {what} of their own and "
                f"not {wanted['replicas']}"
            )
    return ", ".join(told[:MOST_TOLD])


def _first(init):
    place = init.get("place")
    return (
        f"weights of {place} at first" if place else "drawn weights at first"
    )


def restarting(settings: dict) -> bool:
    """Whether something of a training follows a course over all its steps.

    The learning rate, or the weight of a moving average: a longer training
    begins it anew where it was.
    """
    momentum = str(settings.get("target")).startswith("momentum")
    return momentum or settings.get("schedule") != "constant"


def changed_code(found: dict, wanted: dict) -> list:
    """Returns what of the user's own files is not as it was.

    Args:
        found: The identity that is there.
        wanted: The identity, or its `code` alone, that it is compared with.
    """
    told = []
    for setting, code in wanted.get("code", {}).items():
        known, file = found.get("code", {}).get(setting, code), code["file"]
        if known["sha256"] != code["sha256"]:
            told.append(file)
        # A run that is older than the record of it says nothing of it.
        elif known.get("beside", code.get("beside")) != code.get("beside"):
            told.append(f"what {file} imports")
    return told


def another_experiment(place, told: str) -> UsageError:
    """Makes the error for a run folder, or a file in it, that is another's.

    Args:
        told: In what it differs.
    """
    return UsageError(
        f"`run-dir` must be empty or hold this experiment. Received: "
        f"{str(place)!r}, which has {told}.\nGo on with its own settings and "
        f"pictures, or choose another --run-dir."
    )


def setting_differences(found, wanted, *, longer=False):
    """Says which settings make two experiments different.

    Args:
        found: All settings that are there.
        wanted: All that they are compared with.
        longer: Whether more epochs are the same training, continued.

    Returns:
        One text a setting, of the first few.
    """
    ignored = [*CIRCUMSTANCES, *READING]
    if wanted.get("epochs") is None:  # not settled yet: steps, or a budget
        ignored.append("epochs")
        if wanted.get("steps") is None:
            ignored.append("steps")
    elif longer and found["epochs"] < wanted["epochs"]:
        ignored.append("epochs")
    return differing(found, wanted, ignored)[:MOST_TOLD]


def data_differences(found: dict, wanted: dict) -> str:
    """Says likewise in what the pictures of two identities differ."""
    return ", ".join(_data_differences(found, wanted)[:MOST_TOLD])


def _data_differences(found, wanted):
    return _numbers(found, wanted) or _contents(found, wanted)


def _numbers(found, wanted):
    """Says in what number of pictures or classes, or size, data differ."""
    both = found, wanted
    sides = [data["pretrain"]["side"] for data in both]
    pairs = [
        (
            f"{{}} pictures {role}",
            *(f"{_count(data, name):,}" for data in both),
        )
        for name, role in _roles(found, wanted)
    ]
    pairs += [
        ("{} classes", *(f"{data['classes']:,}" for data in both)),
        ("pictures of {}", *(f"{side}x{side}" for side in sides)),
    ]
    return [
        f"{words.format(one)} and not {other}"
        for words, one, other in pairs
        if one != other
    ]


def _contents(found, wanted):
    """Says what of as many pictures is not the same."""
    others = [
        role
        for name, role in _roles(found, wanted)
        if _differ(found, wanted, name, "sha256")
    ]
    told = []
    if others and _differ(found, wanted, "pretrain", "of"):
        one, other = (
            "files" if "of" in data["pretrain"] else "pixels"
            for data in (found, wanted)
        )
        told.append(
            f"pictures known by their {one} and not by their {other}, as "
            f"--memory-limit decides"
        )
    elif others:
        told.append(
            f"as many pictures {' and '.join(others)}, but others, or in "
            f"another order"
        )
    told += [
        f"other classes of the pictures {role}"
        for name, role in ROLES.items()
        if _differ(found, wanted, name, "labels_sha256")
    ]
    if found["class_names_sha256"] != wanted["class_names_sha256"]:
        told.append("other names of the classes")
    return told


def _roles(found, wanted):
    """Returns the parts to speak of: not train where that is pretrain."""
    same = all(
        data.get("train", {}).get("sha256") == data["pretrain"]["sha256"]
        for data in (found, wanted)
    )
    return [item for item in ROLES.items() if item[0] != "train" or not same]


def _count(data, name):
    return data.get(name, {}).get("pictures", 0)


def _differ(found, wanted, name, key):
    return found.get(name, {}).get(key) != wanted.get(name, {}).get(key)
