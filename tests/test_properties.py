"""Laws that hold whatever is thrown at them, by Hypothesis.

The examples are always the same: the profile is in `conftest.py`.
"""

import dataclasses
import json
import math
import tempfile

import hypothesis.extra.numpy as arrays_of
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import verdicts
from tests.terms import make, with_own_view
from tfcmc.data import SOURCES
from tfcmc.data.images import resize
from tfcmc.encoders import ENCODERS
from tfcmc.evaluation import metrics
from tfcmc.evaluation.probes import PROBES, Labelled
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.registry import Choice, Number, parse_spec
from tfcmc.foundation.text import plain_text, printable
from tfcmc.losses import LOSSES
from tfcmc.losses.vectors import normalise
from tfcmc.negatives import NEGATIVES
from tfcmc.runs.folder import Run
from tfcmc.runs.record import read_metrics
from tfcmc.views import VIEWS
from tfcmc.views.crop import CROPS

TABLES = [CROPS, ENCODERS, LOSSES, NEGATIVES, PROBES, SOURCES, VIEWS]
MEMBERS = [
    (table, member)
    for table in TABLES
    for member in table.members()
    if not member.takes_argument
]
# Every character, lone surrogates too: names of files have them.
any_text = st.text(st.characters())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(any_text, inner, max_size=3)
    ),
    max_leaves=6,
)
SETTINGS = [field.name for field in dataclasses.fields(PretrainConfig)]


def only_usage_errors(call, *arguments):
    """Returns what a call returns, or the error it is allowed to raise."""
    try:
        return call(*arguments)
    except UsageError as error:
        assert len(str(error)) < 3000
        return error


def numbers_of(range_):
    """Legal numbers of a range."""
    bounds = [range_.above, range_.at_least], [range_.below, range_.at_most]
    low, high = (
        next((b for b in pair if b is not None), None) for pair in bounds
    )
    if range_.whole:
        number = st.integers(low if low is None else math.ceil(low), high)
    else:
        number = st.floats(low, high, allow_nan=False, allow_infinity=False)

    def legal(value):
        return not isinstance(
            only_usage_errors(range_.check, "x", value), Exception
        )

    number = number.filter(legal)
    return st.none() | number if range_.optional else number


def legal_options(member):
    """Options of a member, any of them left out."""
    kinds = {}
    for name, legal in member.legal.items():
        if isinstance(legal, Number):
            kinds[name] = numbers_of(legal)
        elif isinstance(legal, Choice):
            kinds[name] = st.sampled_from(legal.words)
            if legal.number is not None:
                kinds[name] |= numbers_of(legal.number)
    return st.fixed_dictionaries({}, optional=kinds)


@given(data=st.data())
def test_specs_read_back(data):
    """Options are what was written, and the full spec is the same choice."""
    table, member = data.draw(st.sampled_from(MEMBERS))
    options = data.draw(legal_options(member))
    inside = ", ".join(f"{name}={value!r}" for name, value in options.items())
    bound = table.lookup(f"{member.name}({inside})")
    assert bound.options == member.defaults() | options
    assert table.lookup(bound.spec) == bound


@given(name=st.sampled_from(["folder", "npz", "tfds"]), argument=any_text)
def test_arguments_read_back(name, argument):
    """What follows the colon is kept to the last character."""
    if argument:
        bound = SOURCES.lookup(f"{name}:{argument}")
        assert bound.argument == argument
        assert SOURCES.lookup(bound.spec) == bound


words = st.sampled_from([member.name for _, member in MEMBERS])
pieces = st.sampled_from(
    list("(),=:*[]{}'\"\\.+-~ \n\0#") + ["0x", "1e", "None"]
)
scraps = st.lists(words | pieces | any_text, max_size=12).map("".join)


@settings(max_examples=300)
@given(text=scraps | any_text)
def test_any_text_is_a_spec_or_refused(text):
    """Never another exception, whichever table it is looked up in."""
    only_usage_errors(parse_spec, text)
    for table in TABLES:
        found = only_usage_errors(table.lookup, text)
        if not isinstance(found, UsageError):
            assert table.lookup(found.spec) == found


likely = st.dictionaries(st.sampled_from(SETTINGS), json_values, max_size=5)


@settings(max_examples=200)
@given(given_=json_values | likely)
def test_any_json_is_a_config_or_refused(given_):
    """The command line's settings, or a config.json of any content."""
    for read in (PretrainConfig.from_dict, make_config):
        config = only_usage_errors(read, given_)
        if isinstance(config, UsageError):
            continue
        text = json.dumps(dataclasses.asdict(config))
        again = PretrainConfig.from_dict(json.loads(text))
        assert again == config
        only_usage_errors(lambda c: make_plan(c, check_data=False), config)


def some_metrics():
    """A verdict as `judge` writes it."""
    sphere = dict.fromkeys(verdicts.SHAPE, 1.5) | {"images": 3}
    settings = {"loss": "softmax", "data": "shapes", "seed": 0, "epochs": 1}
    probe = {"linear_probe": {"accuracy": 0.5}}
    return verdicts.verdict(settings, sphere) | probe


def places_of(value, path=()):
    """Every place in a table of tables."""
    yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places_of(inner, (*path, name))


@given(
    path=st.sampled_from(sorted(places_of(some_metrics()))), value=json_values
)
def test_any_verdict_is_whole_or_refused(path, value):
    """With any JSON in any place: read only if every number is one."""
    metrics_json = {"": some_metrics()}
    inner = metrics_json
    *above, last = ("", *path)
    for name in above:
        inner = inner[name]
    inner[last] = value
    with tempfile.TemporaryDirectory() as folder:
        run = Run(folder)
        run.write_json("metrics.json", metrics_json[""])
        found = only_usage_errors(read_metrics, run)
    if found is not None and not isinstance(found, UsageError):
        assert math.isfinite(found["alignment"])
        assert math.isfinite(found["untrained"]["sphere"]["uniformity"])
        assert 0 <= found["linear_probe"]["accuracy"] <= 1


finite = st.floats(-(2.0**100), 2.0**100, width=32)


def vectors(elements, least=2):
    """Arrays `[count, dim]` of float32."""
    return arrays_of.arrays(
        np.float32,
        st.tuples(st.integers(least, 7), st.integers(1, 5)),
        elements=elements,
    )


@given(array=vectors(finite), t=st.floats(0.01, 100), data=st.data())
def test_measures_have_bounds_and_no_order(array, t, data):
    """Of any finite vectors: zero, equal, tiny and huge ones."""
    order = data.draw(st.permutations(range(len(array))))
    shuffled = array[list(order)]
    apart = metrics.squared_distances(array, shuffled)
    assert np.all((apart >= 0) & (apart <= 4 + 1e-5))
    spread = metrics.uniformity(array, t=t)
    assert -4 * t * (1 + 1e-5) - 1e-5 <= spread <= 1e-5
    again = metrics.uniformity(shuffled, t=t)
    assert again == pytest.approx(spread, rel=1e-4, abs=1e-4)
    rank = metrics.effective_rank(array)
    assert rank == 0 if not array.any() else 1 - 1e-5 <= rank
    assert rank <= min(array.shape) + 1e-4
    assert metrics.effective_rank(shuffled) == pytest.approx(rank, rel=1e-3)


@given(array=vectors(st.floats(width=32)))
def test_measures_are_numbers_or_refused(array):
    """Of any float32 at all."""
    for measure in (
        metrics.uniformity,
        metrics.effective_rank,
        lambda v: metrics.alignment(v, v[::-1]),
    ):
        found = only_usage_errors(measure, array)
        refused = isinstance(found, UsageError)
        assert refused == (not np.isfinite(array).all())
        assert refused or math.isfinite(found)


# Losses see unit vectors, or an encoder's embeddings of moderate length.
moderate = st.floats(-4, 4, width=32)


@settings(max_examples=10)
@given(array=vectors(moderate, least=3), data=st.data())
@pytest.mark.parametrize("name", LOSSES.names())
def test_losses_are_finite_and_without_order(name, array, data):
    """The mean stays when candidates, and anchors, come in another order."""
    loss = make(name)
    count = len(array)
    other = array[::-1] * np.float32(0.5) + np.float32(0.25)
    anchor, candidates = (
        (x if loss.raw else normalise(x))
        for x in map(tf.constant, (array, other))
    )
    order = np.array(data.draw(st.permutations(range(count))))

    def mean(*rows):
        return float(loss.mean(with_own_view(loss, *rows)))

    want = mean(anchor, candidates, np.arange(count))
    assert math.isfinite(want)
    moved = tf.gather(candidates, order)
    if not loss.whole_batch:
        got = mean(anchor, moved, np.argsort(order))
        assert got == pytest.approx(want, rel=1e-3, abs=1e-4)
    got = mean(tf.gather(anchor, order), moved, np.arange(count))
    assert got == pytest.approx(want, rel=1e-3, abs=1e-4)


@given(array=vectors(st.floats(width=32)), labels=st.data())
def test_neighbours_are_a_share_or_refused(array, labels):
    """The vote of any features gives an accuracy, or none."""
    kinds = st.lists(
        st.integers(0, 2), min_size=len(array), max_size=len(array)
    )
    part = Labelled(array, np.array(labels.draw(kinds)))
    knn = PROBES.lookup("knn(k=3)").function
    found = only_usage_errors(lambda: knn(part, part, part, seed=0))
    one_class = len(set(part.labels)) < 2
    bad = not np.isfinite(array).all()
    assert isinstance(found, UsageError) == (one_class or bad)
    if not isinstance(found, UsageError):
        right = found["accuracy"] * len(array)
        assert right == pytest.approx(round(right)) and 0 <= right <= len(
            array
        )


@given(
    pictures=arrays_of.arrays(
        np.uint8,
        st.tuples(
            st.integers(1, 2),
            st.integers(1, 40),
            st.integers(1, 40),
            st.just(3),
        ),
    ),
    side=st.integers(1, 24),
)
def test_pictures_of_any_size_become_squares(pictures, side):
    """No value beyond those there were; one that is a square stays."""
    found = resize(pictures, side)
    assert found.shape == (len(pictures), side, side, 3)
    assert found.dtype == np.uint8
    assert found.min() >= pictures.min() and found.max() <= pictures.max()
    if pictures.shape[1] == pictures.shape[2] == side:
        np.testing.assert_array_equal(found, pictures)


@given(name=any_text)
def test_any_name_can_be_shown_and_written(name):
    """On one line, and as UTF-8; plain names as they are."""
    shown = printable(name)
    assert shown.isprintable() and len(shown.splitlines()) <= 1
    assert len(plain_text(name).encode("utf-8").decode("utf-8")) == len(name)
    if name.isprintable():
        assert shown == name
