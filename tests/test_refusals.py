"""What does not go together is told in one line, and why."""

import pytest

from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.experiment.refusals import (
    BATCH_ONLY,
    CAUTIONS,
    REFUSALS,
    UNPREDICTED,
)
from tfcmc.foundation.errors import UsageError
from trainers import pretrain

# What a prediction needs.
PREDICTED = {"loss": "cosine", "target": "stopped", "predictor": "linear"}
PLACES = {"pairs": "local", "encoder": "dim", "head": "critic"}
# Settings, and what is told of them: a case or more a row of the table.
CASES = [
    (
        {"microbatch": 48},
        "`microbatch` must be a divisor of --batch-size=128. Received: 48",
    ),
    (
        {"microbatch": 32, "encoder": "resnet"},
        "`microbatch` must be left out, or of whole groups of batch "
        'normalisation, such as with --batch-norm="split(groups=4)": '
        "statistics of a whole batch are not known in a piece. Received: 32",
    ),
    (
        {"views": "rgb", "crop": "window"},
        "`crop` must be left out with --views=rgb, which cuts and mirrors by "
        "its augment=. Received: 'window(source=96, small=resize)'",
    ),
    (
        {"views": "rgb", "crop": "resized(area=0.5)"},
        "`crop` must be left out with --views=rgb, which cuts and mirrors by "
        "its augment=. Received: 'resized(area=0.5, aspect=1.3333333333333333"
        ")'",
    ),
    (
        {"crop": "window", "crop_from": "whole"},
        "`crop-from` must be square with --crop=window, which is of pictures "
        "of one size. Received: 'whole'",
    ),
    (
        {"views": "rgb", "geometry": "shared"},
        "`geometry` must be left out with --views=rgb, which cuts and mirrors "
        "by its augment=. Received: 'shared'",
    ),
    (
        {"views": "rgb", "flip": False},
        "`flip` must be left out with --views=rgb, which cuts and mirrors by "
        "its augment=. Received: False",
    ),
    (
        {"loss": "n_pair", "negatives": "bank"},
        "`negatives` must be batch with --loss=n_pair, which compares "
        "embeddings that are not scaled to unit length: what is remembered is "
        "scaled. Received: 'bank(momentum=0.5, draws=4096, "
        "each_anchor=False)'",
    ),
    (
        {"loss": "alignment_uniformity", "negatives": "bank(draws=7)"},
        "`negatives` must be batch with --loss=alignment_uniformity, which "
        "compares the batch's anchors with each other and would not read what "
        "is remembered. Received: 'bank(momentum=0.5, draws=7, "
        "each_anchor=False)'",
    ),
    (
        {"loss": "simclr", "negatives": "bank"},
        "`negatives` must be batch with --loss=nt_xent, which takes the same "
        "pictures from both views: what is remembered is of the other view "
        "only. Received: 'bank(momentum=0.5, draws=4096, "
        "each_anchor=False)'",
    ),
    (
        {"negatives": "bank", **PREDICTED},
        "`negatives` must be batch with --loss=cosine, which compares anchors "
        "with their positives alone. Received: 'bank(momentum=0.5, "
        "draws=4096, each_anchor=False)'",
    ),
    (
        {"loss": "swav", "negatives": "bank"},
        "`negatives` must be batch with --loss=swav, which compares anchors "
        "with the codes of the batch. Received: 'bank(momentum=0.5, "
        "draws=4096, each_anchor=False)'",
    ),
    (
        {"negatives": "bank", "views": "rgb", "loss": "swav"},
        "`negatives` must be batch with --loss=swav, which compares anchors "
        "with the codes of the batch. Received: 'bank(momentum=0.5, "
        "draws=4096, each_anchor=False)'",
    ),
    (
        {"loss": "swav"},
        "`views` must be of one branch with --loss=swav: a code of another "
        "encoder means nothing. Received: 'lab(count=1, jitter=0.0)'",
    ),
    (
        {"loss": "swav", "views": "rgb", "predictor": "linear"},
        "`predictor` must be none with --loss=swav, which compares scores of "
        "prototypes. Received: 'linear(dim=128)'",
    ),
    (
        {"loss": "n_pair", "predictor": "linear"},
        "`predictor` must be none with --loss=n_pair, which compares the "
        "embeddings themselves. Received: 'linear(dim=128)'",
    ),
    (
        {
            "loss": "alignment_uniformity",
            "predictor": "linear",
            "target": "stopped",
        },
        "`predictor` must be none with --loss=alignment_uniformity, which "
        "compares the batch's anchors with each other. Received: "
        "'linear(dim=128)'",
    ),
    (
        {"loss": "softmax", "predictor": "linear(dim=3)"},
        "`predictor` must be none with --target=same and --loss=softmax: both "
        "sides learn, and there is nothing to predict. Received: "
        "'linear(dim=3)'",
    ),
    (
        {"pairs": "self"},
        "`negatives` must be bank with --pairs=self: an anchor would else be "
        "its own positive. Received: 'batch'",
    ),
    (
        {"loss": "cosine", "predictor": "linear"},
        "`target` must be stopped or momentum with --loss=cosine, whose "
        "minimum is collapse where both sides learn. Received: 'same'",
    ),
    (
        {"loss": "cosine", "target": "stopped"},
        "`predictor` must be given with --loss=cosine, which collapses "
        "without one; --force trains it all the same. Received: 'none'",
    ),
    (
        {"negatives": "queue(size=64)", "target": "stopped"},
        "`target` must be momentum with --negatives=queue, whose keys an "
        "encoder that learns leaves behind. Received: 'stopped'",
    ),
    (
        {"negatives": "bank", "target": "momentum"},
        "`negatives` must be batch or queue with --target=momentum: a bank is "
        "a second memory of the same. Received: 'bank(momentum=0.5, "
        "draws=4096, each_anchor=False)'",
    ),
    (
        {"negatives": "local", **PREDICTED},
        "`negatives` must be none or batch with --loss=cosine: there is "
        "nothing local about it. Received: 'local'",
    ),
    (
        {"negatives": "none"},
        "`negatives` must be given with --loss=softmax, which tells the "
        "positive from others. Received: 'none'",
    ),
    (
        {**PREDICTED, "head": "linear(dim=64)"},
        "`predictor` must be of as many dimensions as --head. Received: "
        "'linear(dim=128)'",
    ),
    (
        {"views": "rgb(count=1)", "pairs": "first"},
        "`views` must be of two copies or more with --pairs=first. Received: "
        "'rgb(count=1, small=0, small_side=None, augment=simclr, "
        "strength=1.0, area=None, blur=None)'",
    ),
    (
        {"views": "rgb(small=2)"},
        "`encoder` must be one that takes views of any side, such as resnet, "
        "with small views: paper flattens. Received: 'paper(width=1, "
        "final_relu=False, dim=None)'",
    ),
    (
        {"target": "momentum(start=0.9, end=0.5)"},
        "`target` must be of an end that is not below its start. Received: "
        "'momentum(start=0.9, end=0.5, init=copy)'",
    ),
    (
        {"negatives": "bank(draws=all, each_anchor=True)"},
        "`negatives` must be of a number of draws with each_anchor=True: of "
        "all there is nothing to draw. Received: 'bank(momentum=0.5, "
        "draws=all, each_anchor=True)'",
    ),
    (
        {"budget": "1min", "epochs": 3},
        "`budget` must be left out with --epochs or --steps: how many fit is "
        "measured. Received: '1min'",
    ),
    (
        {"batch_norm": "split(groups=5)"},
        "`batch-norm` must be of groups that divide --batch-size=128, of two "
        "pictures or more each. Received: 'split(groups=5, each_view=False)'",
    ),
    (
        {"batch_norm": "split", "batch_size": 8},
        "`batch-norm` must be of groups that divide --batch-size=8, of two "
        "pictures or more each. Received: 'split(groups=8, each_view=False)'",
    ),
    (
        {"pairs": "local", "head": "critic"},
        "`encoder` must be one with a map with --pairs=local, which compares "
        "places; dim has one. Received: 'paper(width=1, final_relu=False, dim="
        "None)'",
    ),
    (
        {"pairs": "local", "encoder": "dim"},
        "`head` must be one with --pairs=local, which makes as many "
        "dimensions of features and map. Received: 'none'",
    ),
    (
        {**PLACES, "target": "stopped"},
        "`target` must be same with --pairs=local, or nothing trains the head "
        "of the map. Received: 'stopped'",
    ),
    (
        {**PLACES, "loss": "softmax", "negatives": "bank(draws=3)"},
        "`negatives` must be batch or local with --pairs=local, whose "
        "negatives are the places of the batch's other pictures. Received: "
        "'bank(momentum=0.5, draws=3, each_anchor=False)'",
    ),
    (
        {"optimizer": "sgd(constant=predictor)"},
        "`optimizer` must be of constant=none with --predictor=none. "
        "Received: 'sgd(momentum=0.9, nesterov=False, weight_decay=0.0001, "
        "exclude=none, constant=predictor)'",
    ),
    (
        {**PLACES, "loss": "cosine"},
        "`loss` must be one with negatives with --pairs=local, which compares "
        "places with those of other pictures. Received: 'cosine(form=squared)"
        "'",
    ),
]


# Settings that train all the same, and what is told of them.
TOLD = [
    (
        {"loss": "swav(prototypes=200)", "views": "rgb"},
        "there are more prototypes than pictures to share out among them: "
        "fewer, or a queue= of --loss, leave none unused",
    ),
    (
        PREDICTED | {"head": "linear"},
        "without any normalisation, cosine often collapses: "
        '--head="mlp(norm=hidden)" has one',
    ),
    (
        {
            "negatives": "queue(size=64)",
            "target": "momentum",
            "encoder": "resnet",
        },
        "statistics of a whole step tell its keys from those of the queue: "
        '--batch-norm="split(groups=8)" hides it',
    ),
    (
        {
            "negatives": "queue(size=64)",
            "target": "momentum",
            "encoder": "keras.applications:MobileNet",
            "batch_norm": "split",
        },
        "--batch-norm=split changes nothing of keras.applications:MobileNet, "
        "whose layers are its own",
    ),
    (
        {"schedule": "constant", "warmup": 0.1},
        "--warmup is not read: --schedule=constant warms up for no steps",
    ),
]


def words_of(settings):
    return [
        f"--{name.replace('_', '-')}={settings[name]}" for name in settings
    ]


@pytest.mark.parametrize(
    ("settings", "told"), CASES, ids=[" ".join(words_of(n)) for n, _ in CASES]
)
def test_refused(settings, told, refused):
    """In one line, word for word, exit code 2."""
    assert refused(pretrain.main, *words_of(settings)) == told


def test_every_need_has_a_case():
    """Each row of the table is the first that some case breaks."""
    missing = list(REFUSALS)
    for _, told in CASES:
        start = told.partition(" must be ")[0].strip("`")
        for need in list(missing):
            stem = need.must.split("{")[0]
            tail = need.must.rpartition("}")[2]
            if need.setting.replace("_", "-") == start and (
                stem in told and tail in told
            ):
                missing.remove(need)
    assert [need.must for need in missing] == []
    for axis, reasons in (
        ("negatives", BATCH_ONLY),
        ("predictor", UNPREDICTED),
    ):
        for reason in reasons.values():
            words = f", which {reason}. Received"
            assert any(
                told.startswith(f"`{axis}` must be") and words in told
                for _, told in CASES
            )


@pytest.mark.parametrize(("settings", "told"), TOLD)
def test_told(settings, told):
    """A sentence, and no refusal; nothing of settings without a fault."""
    assert make_plan(make_config(settings)).notes == (told,)
    assert len(TOLD) == len(CAUTIONS)


def test_nothing_to_tell():
    """Of the defaults, of normalised predictions, of split statistics.

    Nor advice that an encoder with layers of its own would not take.
    """
    for settings in (
        {},
        PREDICTED | {"head": "mlp(norm=hidden)"},
        {
            "negatives": "queue(size=64)",
            "target": "momentum",
            "encoder": "resnet",
            "batch_norm": "split",
        },
        {"negatives": "queue(size=64)", "target": "momentum"},
        {
            "negatives": "queue(size=64)",
            "target": "momentum",
            "encoder": "keras.applications:MobileNet",
        },
        {"loss": "swav(prototypes=200, queue=128)", "views": "rgb"},
    ):
        assert make_plan(make_config(settings)).notes == ()


def test_forced():
    """What is known to collapse can be trained, to see it."""
    settings = {"loss": "cosine", "target": "stopped", "force": True}
    assert make_plan(make_config(settings)).predictor.name == "none"
    with pytest.raises(UsageError, match="`target` must be stopped or mom"):
        make_plan(make_config({"loss": "cosine", "force": True}))
