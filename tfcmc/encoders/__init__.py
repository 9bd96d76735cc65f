"""The catalogue of encoders: importing it fills the table."""

from tfcmc.encoders.base import ENCODERS as ENCODERS
from tfcmc.encoders.base import FEATURES as FEATURES
from tfcmc.encoders.files import load_encoder as load_encoder
from tfcmc.encoders.paper import paper as paper
