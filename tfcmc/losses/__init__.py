"""The catalogue of losses: importing it fills the table."""

from tfcmc.losses.base import LOSSES as LOSSES
from tfcmc.losses.base import Loss as Loss
from tfcmc.losses.nce import nce as nce
from tfcmc.losses.softmax import softmax as softmax
from tfcmc.losses.spring import spring as spring
from tfcmc.losses.triplet import triplet as triplet
