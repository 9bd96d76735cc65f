"""The losses: pure functions of a `Term`, one file each.

Importing it fills the table. `get(NAME)` gives one as a `keras.losses.Loss`.
"""

import importlib

from tfcmc.losses import alignment_uniformity as alignment_uniformity
from tfcmc.losses import barlow_twins as barlow_twins
from tfcmc.losses import circle as circle
from tfcmc.losses import cosine as cosine
from tfcmc.losses import dcl as dcl
from tfcmc.losses import debiased as debiased
from tfcmc.losses import dv as dv
from tfcmc.losses import hard_negative as hard_negative
from tfcmc.losses import infomax_nce as infomax_nce
from tfcmc.losses import jsd as jsd
from tfcmc.losses import n_pair as n_pair
from tfcmc.losses import nce as nce
from tfcmc.losses import nt_xent as nt_xent
from tfcmc.losses import sigmoid as sigmoid
from tfcmc.losses import softmax as softmax
from tfcmc.losses import spring as spring
from tfcmc.losses import swav as swav
from tfcmc.losses import triplet as triplet
from tfcmc.losses import vicreg as vicreg
from tfcmc.losses.base import LOSSES as LOSSES
from tfcmc.losses.term import Term as Term


def __getattr__(name):
    # It is a Keras loss: found at its first use, which loads TensorFlow.
    if name == "get":
        return importlib.import_module("tfcmc.losses.of_views").get
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
