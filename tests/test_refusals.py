"""What does not go together is told in one line, and why."""

import pytest

from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.experiment.refusals import REFUSALS
from tfcmc.foundation.errors import UsageError
from trainers import pretrain

# Settings, and what is told of them: a case or more a row of the table.
CASES = [
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
        "scaled. Received: 'bank(momentum=0.5, draws=4096)'",
    ),
    (
        {"loss": "alignment_uniformity", "negatives": "bank(draws=7)"},
        "`negatives` must be batch with --loss=alignment_uniformity, which "
        "compares the batch's anchors with each other and would not read what "
        "is remembered. Received: 'bank(momentum=0.5, draws=7)'",
    ),
    (
        {"loss": "simclr", "negatives": "bank"},
        "`negatives` must be batch with --loss=nt_xent, which takes the same "
        "pictures from both views: what is remembered is of the other view "
        "only. Received: 'bank(momentum=0.5, draws=4096)'",
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
        {"batch_norm": "split(groups=5)"},
        "`batch-norm` must be of groups that divide --batch-size=128, of two "
        "pictures or more each. Received: 'split(groups=5, each_view=False)'",
    ),
    (
        {"batch_norm": "split", "batch_size": 8},
        "`batch-norm` must be of groups that divide --batch-size=8, of two "
        "pictures or more each. Received: 'split(groups=8, each_view=False)'",
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
    for settings, told in CASES:
        with pytest.raises(UsageError) as caught:
            make_plan(make_config(settings))
        assert str(caught.value) == told
        start = told.partition(" must be ")[0].strip("`")
        for need in list(missing):
            stem = need.must.split("{")[0]
            tail = need.must.rpartition("}")[2]
            if need.setting.replace("_", "-") == start and (
                stem in told and tail in told
            ):
                missing.remove(need)
    assert [need.must for need in missing] == []
