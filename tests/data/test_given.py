"""Pictures that a caller in Python gives, in memory."""

import re

import numpy as np
import pytest
import tensorflow as tf

from tests.dirty.case import all_of, noise, source_of
from tfcmc.data.given import arrays_of
from tfcmc.data.memory import hold
from tfcmc.foundation.errors import UsageError

LIMIT = 2**20
X, Y = noise(1, 10, 9, 9, 3), np.arange(10) % 2
dataset = tf.data.Dataset.from_tensor_slices


def read(data, **options):
    """The arrays of what was given."""
    return arrays_of(data, limit=LIMIT, **options)[0]


def test_forms_of_the_same_pictures():
    """Arrays, pairs, roles and datasets, in batches or not."""
    alone = {"x_unlabeled": X}
    for form in (X, X.tolist(), dataset(X), dataset(X).batch(4)):
        form = np.asarray(form, np.uint8) if isinstance(form, list) else form
        found = read(form)
        assert found.keys() == alone.keys()
        np.testing.assert_array_equal(found["x_unlabeled"], X)
    whole = {"x_train": X, "y_train": Y, "x_test": X[:3], "y_test": Y[:3]}
    for form in (
        ((X, Y), (X[:3], Y[:3])),
        {"train": (X, Y), "test": [X[:3], Y[:3]]},
        {"train": dataset((X, Y)), "test": dataset((X, Y)).take(3).batch(2)},
    ):
        found = read(form)
        assert found.keys() == whole.keys()
        for name, array in whole.items():
            got = found[name].reshape(array.shape)
            np.testing.assert_array_equal(got, array)


def test_a_test_part_is_split_off():
    """A fifth of every class, told; the rest is what is learnt from."""
    arrays, notes = arrays_of((X, Y[:, None]), limit=LIMIT)
    assert "a fifth of the labelled" in notes[0]
    assert sorted(arrays["y_test"]) == [0, 1]
    both = np.concatenate([arrays["x_train"], arrays["x_test"]])
    assert {x.tobytes() for x in both} == {x.tobytes() for x in X}


def test_sizes_that_differ():
    """A dataset's pictures are scaled as a folder's are."""
    mixed = tf.data.Dataset.from_generator(
        lambda: (X[0], X[1, :5]),
        output_signature=tf.TensorSpec([None, None, 3], tf.uint8),
    )
    assert read(mixed)["x_unlabeled"].shape == (2, 96, 96, 3)
    assert read(mixed, side=8)["x_unlabeled"].shape == (2, 8, 8, 3)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (3, "`data` must be a spec, pictures"),
        ([X, X[:, :3], X], "must be a spec, pictures.*list"),
        ({"tain": X}, "Did you mean train"),
        ({"train": X}, r"must be \(pictures, labels\)"),
        ({"unlabeled": (X, Y)}, "pictures alone in unlabeled"),
        (
            (X, np.eye(10)),
            r"a whole number a picture, 10. .*labels \[10, 10\]",
        ),
        ((X, Y[:9]), r"a whole number a picture, 10. .*labels \[9\]"),
        ((X, np.arange(10)), "two of a class at least. Received: '10 of 10"),
        (dataset(X / 255.0), r"of uint8. Received: '\[9, 9, 3\] of float64"),
        (dataset(X).repeat(), "that ends"),
        (dataset(X).repeat(10**4), "fits in memory.*4,316 pictures"),
        (dataset(X).take(0), "Received: 'none'"),
        (dataset({"image": X}), "of pictures or of .picture, label"),
    ],
)
def test_what_is_none(data, told):
    """Each is refused in a line, before anything is trained."""
    with pytest.raises(UsageError, match=told):
        read(data)


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"x_unlabeled": X / 255.0}, "pictures .*of uint8.*float64"),
        ({"x_unlabeled": X[..., :1]}, r"\[10, 9, 9, 1\]"),
        ({"x_unlabeled": np.array([X, 1], object)}, "without Python objects"),
        ({"x_train": X, "y_train": Y}, "with x_train, y_train, x_test"),
        (
            {"x_train": X, "y_train": Y[:3], "x_test": X, "y_test": Y},
            "one whole number a picture",
        ),
    ],
)
def test_arrays_that_will_not_do(arrays, told):
    """As in an .npz file, without a word of a file."""
    held = hold(arrays)
    with pytest.raises(UsageError, match=f"must be arrays .*{told}") as found:
        source_of(held.spec)
    assert "npz" not in str(found.value)


def test_a_generator_that_raises():
    """What it raised and where, and no more of TensorFlow."""

    def generate():
        yield np.zeros([4, 4, 3], np.uint8)
        raise KeyError("lost")

    known = tf.TensorSpec([4, 4, 3], tf.uint8)
    data = tf.data.Dataset.from_generator(generate, output_signature=known)
    with pytest.raises(UsageError, match="raised KeyError: 'lost'") as found:
        read(data)
    assert re.search(rf"\({re.escape(__file__)}:\d+\)", str(found.value))
    assert len(str(found.value)) < 300


def test_held_as_long_as_somebody_does():
    """Then they are asked for again; equal arrays have one name."""
    held = hold({"x_unlabeled": X})
    assert held.spec == hold({"x_unlabeled": X.copy()}).spec
    assert held.spec != hold({"x_unlabeled": 255 - X}).spec
    held = hold({"x_unlabeled": X[:, ::-1]})
    np.testing.assert_array_equal(
        all_of(source_of(held.spec).pretrain), X[:, ::-1]
    )
    spec = held.spec
    del held
    with pytest.raises(UsageError, match="must be given again"):
        source_of(spec)
