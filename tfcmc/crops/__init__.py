"""The catalogue of crops: importing it fills the table."""

from tfcmc.crops.base import CROPS as CROPS
from tfcmc.crops.base import DRAWS as DRAWS
from tfcmc.crops.base import SIDE as SIDE
from tfcmc.crops.base import Crop as Crop
from tfcmc.crops.base import corners as corners
from tfcmc.crops.base import cut as cut
from tfcmc.crops.resized import resized as resized
from tfcmc.crops.window import window as window
