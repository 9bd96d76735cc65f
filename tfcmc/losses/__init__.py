"""The catalogue of losses: importing it fills the table."""

from tfcmc.losses.alignment_uniformity import (
    alignment_uniformity as alignment_uniformity,
)
from tfcmc.losses.barlow_twins import barlow_twins as barlow_twins
from tfcmc.losses.base import LOSSES as LOSSES
from tfcmc.losses.base import Loss as Loss
from tfcmc.losses.circle import circle as circle
from tfcmc.losses.dcl import dcl as dcl
from tfcmc.losses.debiased import debiased as debiased
from tfcmc.losses.hard_negative import hard_negative as hard_negative
from tfcmc.losses.n_pair import n_pair as n_pair
from tfcmc.losses.nce import nce as nce
from tfcmc.losses.nt_xent import nt_xent as nt_xent
from tfcmc.losses.sigmoid import sigmoid as sigmoid
from tfcmc.losses.softmax import softmax as softmax
from tfcmc.losses.spring import spring as spring
from tfcmc.losses.triplet import triplet as triplet
from tfcmc.losses.vicreg import vicreg as vicreg
