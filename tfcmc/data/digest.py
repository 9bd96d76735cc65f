"""What pictures are, whatever they are called and wherever they lie."""

import hashlib
import json

import numpy as np

from tfcmc.data.pictures import in_batches

BATCH = 256
FILES = "files"  # what pictures that stay encoded are known by


def describe_data(source, look=None, known=()):
    """Describes the pictures of a source by their number and a digest.

    Args:
        look: Called with the name of a part, "pretrain", "train" or "test",
            and each batch `[count, side, side, 3]` of its pictures, all of
            which are read here once; or None.
        known: Part to the digests of its pictures' files, in one string: it
            is known by them, and its pictures are not read.

    Returns:
        `pretrain`, `train` and `test`, those that there are, to `pictures`,
        their number, `side`, `sha256` of their pixels in order, or of the
        digests of their files, which `of` says then, and, where they have
        labels, `labels_sha256`; `classes`, their number, and
        `class_names_sha256`.
    """
    found = {"pretrain": _describe("pretrain", source.pretrain, look, known)}
    for name, split in (("train", source.probe_train), ("test", source.test)):
        if split is None:
            continue
        found[name] = dict(found["pretrain"])
        if split.pictures is not source.pretrain:
            found[name] = _describe(name, split.pictures, look, known)
        if split.labels is not None:
            labels = np.ascontiguousarray(split.labels, "<i8")
            found[name]["labels_sha256"] = _sha256(labels)
    names = json.dumps(list(map(str, source.class_names)))
    found["classes"] = len(source.class_names)
    found["class_names_sha256"] = _sha256(names.encode())
    return found


def _describe(part, pictures, look, known):
    found = {"pictures": len(pictures), "side": pictures.side}
    if part in known:
        return found | {"sha256": _sha256(known[part]), "of": FILES}
    digest = hashlib.sha256()
    for batch in in_batches(pictures, BATCH):
        digest.update(np.ascontiguousarray(batch))
        if look is not None:
            look(part, batch)
    return found | {"sha256": digest.hexdigest()}


def _sha256(content):
    return hashlib.sha256(content).hexdigest()
