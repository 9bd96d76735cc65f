"""The catalogue of encoders: importing it fills the table."""

from tfcmc.encoders.base import ENCODERS as ENCODERS
from tfcmc.encoders.base import FEATURES as FEATURES
from tfcmc.encoders.files import load_encoder as load_encoder
from tfcmc.encoders.files import save_encoder as save_encoder
from tfcmc.encoders.files import strange_encoder as strange_encoder
from tfcmc.encoders.paper import paper as paper
