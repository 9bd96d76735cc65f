"""The catalogue of data sources: importing it fills the table."""

from tfcmc.data.base import SOURCES as SOURCES
from tfcmc.data.base import Reading as Reading
from tfcmc.data.base import Source as Source
from tfcmc.data.base import Split as Split
from tfcmc.data.folder import folder as folder
from tfcmc.data.npz import npz as npz
from tfcmc.data.shapes import shapes as shapes
from tfcmc.data.stl10 import stl10 as stl10
from tfcmc.data.tfds import prepared as prepared
