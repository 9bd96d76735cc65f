"""One step's loss and gradients, and values, beside those of other codes.

The numbers of a step are what the reference codes gave, run as they are on the
arrays below in float64 (SimCLR's takes float32 alone), with torch 2.13.0, jax
0.10.2 and tensorflow 2.21.0; nothing of them stands here. What was run, and at
which commit:

    moco            facebookresearch/moco 132aea9, moco/builder.py, `MoCo`
    simclr          google-research/simclr 383d414, tf2/objective.py,
                    `add_contrastive_loss`
    byol            google-deepmind/deepmind-research 4822a45, byol/,
                    utils/helpers.py, `regression_loss`, added up as
                    byol_experiment.py does
    simsiam         facebookresearch/simsiam a7bc177, simsiam/builder.py,
                    `SimSiam`, and the loss of main_simsiam.py
    swav            facebookresearch/swav 06b1b7c, main_swav.py, `train`
    barlow_twins    facebookresearch/barlowtwins 8e8d284, main.py,
                    `BarlowTwins`
    vicreg          facebookresearch/vicreg 4e12602, main_vicreg.py, `VICReg`
    instance_discrimination
                    zhirongw/lemniscate.pytorch f7cfe29, lib/LinearAverage.py
    nce             likewise, lib/NCEAverage.py and NCECriterion.py, where a
                    tensor resized in place is reshaped, as torch 2 needs it

Encoders and heads were the identity, predictors one matrix: gradients are by
embeddings as long as they are. Deep InfoMax's are in the tests of `jsd` and
`infomax_nce`.
"""

import numpy as np
import pytest
import tensorflow as tf

from tests.terms import make, term, with_own_view
from tfcmc.losses import LOSSES
from tfcmc.losses.nce import estimate_log_z
from tfcmc.losses.term import Candidates, make_term
from tfcmc.negatives import NEGATIVES
from tfcmc.pairs import PAIRS

K = np.arange(24)
FIRST = np.sin(1.0 + 1.7 * K + 0.05 * K**2)[:12].reshape(4, 3)
CENTRES = np.cos(0.4 + 1.9 * K + 0.07 * K**2)[:15].reshape(5, 3)
INPUTS = {
    "first": FIRST,
    "second": FIRST + 0.8 * np.cos(2.3 * K)[:12].reshape(4, 3),
    "third": FIRST - 0.6 * np.sin(1.1 * K + 0.3)[:12].reshape(4, 3),
    "centres": CENTRES / np.linalg.norm(CENTRES, axis=1, keepdims=True),
}
MEMORY = np.cos(0.7 * K + 0.11 * K**2).reshape(8, 3)
MEMORY /= np.linalg.norm(MEMORY, axis=1, keepdims=True)
PREDICTOR = np.array([[0.9, -0.2, 0.3], [0.1, 1.1, -0.4], [-0.3, 0.2, 0.8]])
NUMBERS = tf.constant([5, 0, 7, 2], tf.int64)  # of the pictures
DRAWN = [[5, 3, 6, 1, 5], [0, 0, 2, 7, 3], [7, 4, 4, 1, 6], [2, 2, 7, 5, 0]]
NOTED = {
    "moco": {
        "loss": 1.9611350438,
        "first": """
            0.0151832 0.3941424 0.1642412 -0.5087549 1.2757201 0.8275758
            -0.6972329 3.1769404 0.9457332 0.0568913 0.0774706 0.0152153
        """,
    },
    "simclr": {
        "loss": 3.520459,
        "first": """
            -0.135342 0.143187 -0.059613 -0.247235 0.102375 0.010307
            -0.432610 0.474151 -0.018036 0.266202 0.073858 -0.350800
        """,
        "second": """
            0.060506 -0.151940 0.112899 0.228087 -0.546833 0.400874
            -0.055631 -0.441560 0.911054 0.027153 -0.012952 -0.027472
        """,
    },
    "byol": {
        "loss": 1.6527890539,
        "first": """
            -0.0052830 0.0472602 0.0136782 -0.2038460 0.1570182 0.0634719
            -0.2880852 0.3555829 0.0040829 0.0021188 0.0022041 -0.0004292
        """,
        "second": """
            0.0549248 -0.2071946 0.1121625 0.1275512 -0.4715386 0.2370980
            -0.1074409 -0.3479797 0.4210601 -0.1252460 0.0136927 0.0838701
        """,
    },
    "simsiam": {
        "loss": -0.5868027365,
        "first": """
            -0.0013207 0.0118151 0.0034196 -0.0509615 0.0392546 0.0158680
            -0.0720213 0.0888957 0.0010207 0.0005297 0.0005510 -0.0001073
        """,
        "second": """
            0.0137312 -0.0517986 0.0280406 0.0318878 -0.1178846 0.0592745
            -0.0268602 -0.0869949 0.1052650 -0.0313115 0.0034232 0.0209675
        """,
    },
    "swav": {
        "loss": 4.5924684901,
        "first": """
            0.0985568 -0.1471274 0.0269499 0.0977444 -0.0921863 -0.0432269
            -0.7358125 0.5972999 -0.1151863 0.1427870 0.0325108 -0.1985523
        """,
        "second": """
            0.0492215 -0.1106781 0.0900376 0.2342118 -0.6613405 0.4194204
            -0.0885066 -0.3882591 0.6162522 0.1064950 -0.0046885 -0.0648433
        """,
        "third": """
            0.2931808 -0.2866617 0.1883577 0.2063131 -0.2046270 -0.2370665
            -0.4317109 0.6229856 -0.1729535 0.1547299 -0.0552226 -0.3457016
        """,
        "centres": """
            1.3218527 -0.4731440 0.0214481 0.7094876 -0.4594094 0.6063252
            -0.8655936 0.4579511 -0.5609639 -1.2536349 -0.8091422 1.5476786
            0.0878882 1.2837444 -1.6144880
        """,
    },
    "swav_queue": {
        "loss": 3.4327244880,
        "first": """
            -0.4055378 0.4206252 -0.1818594 -0.6042210 0.3099105 0.0704005
            -0.7313285 0.6056958 -0.1096216 0.0174234 -0.0030514 -0.0344893
        """,
        "second": """
            0.1089860 -0.2416076 0.1988781 0.2985267 -0.6590333 0.5202561
            -0.0937064 -0.4287773 0.6994084 -0.0393196 0.0192426 0.0402343
        """,
        "third": """
            0.0081899 -0.0098255 0.0055433 -0.5158549 0.1662630 -0.0739588
            -0.4951875 0.6003020 -0.1721248 0.0082237 0.0010065 -0.0167823
        """,
        "centres": """
            0.4464324 -1.3950751 1.3896048 0.0192447 -0.0809742 0.0691742
            0.0086213 -0.0140557 0.0150987 0.0065351 0.0154110 -0.0108926
            -0.4808335 1.4746940 -1.4629851
        """,
    },
    "barlow_twins": {
        "loss": 0.4603358111,
        "first": """
            -1.6327884 0.0014870 0.0130585 -0.1937682 -0.0009985 -0.0027661
            0.6877071 -0.0002074 -0.0112368 1.1388494 -0.0002811 0.0009444
        """,
        "second": """
            -0.1247029 -0.0003559 -0.0060153 1.0196867 -0.0005820 0.0005632
            0.3750827 0.0012591 0.0090111 -1.2700665 -0.0003213 -0.0035591
        """,
    },
    "vicreg": {
        "loss": 19.9609850143,
        "first": """
            -0.8727702 0.1750229 0.3722583 0.1515804 0.0568294 0.0342017
            0.1602136 0.3379107 -0.2606070 -0.4366361 1.0825491 -1.3500329
        """,
        "second": """
            -0.2747692 -0.6601415 0.4463505 0.5501195 -0.9342411 0.5031535
            0.5846738 -0.5683317 0.4994515 0.1375881 0.5104020 -0.2447757
        """,
    },
    "instance_discrimination": {
        "loss": 6.8598975312,
        "first": """
            0.5916946 0.2342198 0.5910151 -0.5495498 0.0359546 -0.1221543
            -0.2204462 -0.6260080 -0.3597281 0.6287759 0.3794028 -0.5289584
        """,
    },
    "nce": {
        "loss": 8.0381137691,
        "first": """
            0.0487593 -0.5308817 -0.1626132 0.2319576 0.3297200 0.3126846
            -2.0468140 -1.9980087 -1.7989355 1.0899077 0.4823252 -1.1732133
        """,
    },
}
# Of a spec on `noted_views`, what other code gives in float64.
VALUES = [
    # lightly 1.6.0, `BarlowTwinsLoss`.
    ("barlow_twins(redundancy_weight=0.01)", 0.6178364503558497),
    # lightly 1.6.0, `DCLLoss`.
    ("dcl(temperature=0.2)", 2.2962387692553454),
    # joshr17/HCL at 93ce802, image/main.py, `criterion`; with beta 0, where it
    # is the debiased loss, and with others.
    ("debiased(temperature=0.5, tau_plus=0.1)", 1.8907148444117226),
    ("debiased(temperature=0.5, tau_plus=0.3)", 1.5348956395039146),
    (
        "hard_negative(temperature=0.5, tau_plus=0.1, beta=1.0)",
        2.6686412239852424,
    ),
    (
        "hard_negative(temperature=0.5, tau_plus=0.3, beta=2.0)",
        2.9369059777734896,
    ),
    # lightly 1.6.0 and pytorch-metric-learning 2.9.0, `NTXentLoss`; optax
    # 0.2.8, `ntxent`.
    ("nt_xent(temperature=0.2)", 2.4716889649085814),
    # lightly 1.6.0 and pytorch-metric-learning 2.9.0, `VICRegLoss`.
    ("vicreg(invariance=20, variance=30, covariance=2)", 48.57018819420654),
    # The paper's own two functions, in torch 2.14.1: 0.7 lalign(x, y, 3) + 1.3
    # (lunif(x, 1.5) + lunif(y, 1.5)) / 2.
    (
        "alignment_uniformity(alignment_weight=0.7, uniformity_weight=1.3, "
        "alpha=3.0, t=1.5)",
        -1.1582517321779404,
    ),
]
# The memory after that step of instance discrimination.
REMEMBERED = """
    0.5569208 0.6273153 -0.5443480 -0.7027861 -0.1068250 0.7033350
    0.2635036 -0.6531535 0.7098988 -0.7132864 0.5361005 -0.4514629
    0.4343095 -0.5774918 0.6912875 -0.0218690 0.9771761 0.2113021
    -0.4270678 -0.8967619 0.1158931 0.6976993 0.6354205 -0.3308421
"""


def unit(vectors):
    """The same of length 1, in the precision that they have."""
    return tf.math.l2_normalize(vectors, -1)


def pure(spec):
    """The function of a spec, which computes in the precision of a term."""
    return LOSSES.lookup(spec).function


def mean_of_pairs(spec, pairs, *views, given=lambda other: {}):
    """The objective of views, added up as the model does."""
    loss, layer = pure(spec), make(spec)
    pairs = PAIRS.lookup(pairs).function(len(views))
    total = 0.0
    for view, other in pairs.ordered:
        both = views[view], views[other]
        whole = with_own_view(layer, *both, np.arange(4))
        total += tf.reduce_mean(loss(whole, **given(other)))
    return pairs.weight * total


def predicted(spec, first, second):
    """The mean over both directions of a prediction of the other view."""
    loss, total = pure(spec), 0.0
    for one, other in ((first, second), (second, first)):
        anchors = unit(tf.matmul(one, tf.constant(PREDICTOR)))
        target = tf.stop_gradient(unit(other))
        whole = term(anchors, target, np.arange(4))
        total += tf.reduce_mean(loss(whole)) / 2
    return total


def moco(first, second, *_):
    """A query against its key and the queue."""
    queue = NEGATIVES.lookup("queue(size=8)").function()
    keys = tf.stop_gradient(unit(second))
    found = queue.candidates(keys, tf.constant(MEMORY), None, None)
    whole = make_term(unit(first), found, numbers=NUMBERS)
    return tf.reduce_mean(pure("softmax(temperature=0.07)")(whole))


def simclr(first, second, *_):
    """Both directions, each with negatives of both views, added."""
    views = unit(first), unit(second)
    return mean_of_pairs("nt_xent(temperature=0.5)", "cross", *views)


def byol(first, second, *_):
    """Both directions, added."""
    return 2.0 * predicted("cosine(form=squared)", first, second)


def simsiam(first, second, *_):
    """The mean of both directions."""
    return predicted("cosine(form=negative)", first, second)


def swav(*views_and_centres, queues=None):
    """Three views, the first two of which give codes."""
    *views, centres = views_and_centres

    def given(other):
        more = {"queued": queues[other], "use_queue": True} if queues else {}
        return {"centres": centres, **more}

    views = map(unit, views)
    return mean_of_pairs("swav(prototypes=5)", "assigned", *views, given=given)


def swav_queue(*views_and_centres):
    """The same with a full queue of each of the first two."""
    queues = [tf.constant(rows) for rows in (MEMORY, MEMORY[::-1].copy())]
    return swav(*views_and_centres, queues=queues)


def barlow_twins(first, second, *_):
    """Which is the same in both directions."""
    spec = "barlow_twins(redundancy_weight=0.0051)"
    return mean_of_pairs(spec, "cross(reduce=mean)", first, second)


def vicreg(first, second, *_):
    """The mean of both directions; of shorter vectors, below its hinge."""
    views = 0.4 * first, 0.4 * second
    return mean_of_pairs("vicreg", "cross(reduce=mean)", *views)


def instance_discrimination(first, *_):
    """Among all pictures that are remembered."""
    bank = NEGATIVES.lookup("bank(draws=all)").function()
    found = bank.candidates(None, tf.constant(MEMORY), NUMBERS, None)
    whole = make_term(unit(first), found, numbers=NUMBERS)
    return tf.reduce_mean(pure("softmax(temperature=0.1)")(whole))


def nce(first, *_):
    """Against draws of each, with the constant of the first batch."""
    found = Candidates(
        tf.constant(MEMORY), tf.zeros(4, tf.int32), drawn=tf.constant(DRAWN)
    )
    whole = make_term(unit(first), found, numbers=NUMBERS)
    start = tf.zeros(2, tf.float64)
    state = estimate_log_z(start, whole, temperature=0.07, z="first")
    return tf.reduce_mean(pure("nce(z=first)")(whole, state=state))


FUNCTIONS = (
    moco,
    simclr,
    byol,
    simsiam,
    swav,
    swav_queue,
    barlow_twins,
    vicreg,
    instance_discrimination,
    nce,
)


def numbers_of(text):
    """The numbers of a text, in rows of three."""
    return np.array(text.split(), float).reshape(-1, 3)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_loss_and_gradients(function):
    """Within 1e-5, by every array that the reference's loss reads."""
    name = function.__name__
    noted = NOTED[name]
    dtype = "float32" if name == "simclr" else "float64"
    given = {key: tf.constant(INPUTS[key], dtype) for key in INPUTS}
    with tf.GradientTape() as tape:
        tape.watch(given)
        loss = function(*given.values())
    gradients = tape.gradient(loss, given)
    assert float(loss) == pytest.approx(noted["loss"], rel=1e-6)
    for key, gradient in gradients.items():
        if key not in noted:
            assert gradient is None
            continue
        want = numbers_of(noted[key])
        np.testing.assert_allclose(gradient, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("spec", "want"), VALUES)
def test_values(spec, want, noted_views, both_directions):
    """The mean over both directions."""
    got = both_directions(spec, *noted_views)
    assert got == pytest.approx(want, rel=1e-5)


def test_memory_after_the_step():
    """As that of instance discrimination, with momentum 0.5."""
    memory = tf.Variable(MEMORY, dtype=tf.float32)
    bank = NEGATIVES.lookup("bank(draws=all)").function()
    keys = unit(tf.constant(FIRST, tf.float32))
    bank.remember([keys], memory, NUMBERS, 0)
    np.testing.assert_allclose(memory, numbers_of(REMEMBERED), atol=1e-6)
