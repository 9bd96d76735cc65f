"""The data sources, one file each; pictures, and the order they come in.

Importing it fills the table.
"""

from tfcmc.data import classes as classes
from tfcmc.data import folder as folder
from tfcmc.data import hf as hf
from tfcmc.data import memory as memory
from tfcmc.data import npz as npz
from tfcmc.data import records as records
from tfcmc.data import shapes as shapes
from tfcmc.data import stl10 as stl10
from tfcmc.data import tfds as tfds
from tfcmc.data.base import SOURCES as SOURCES
from tfcmc.data.base import Reading as Reading
from tfcmc.data.base import Source as Source
from tfcmc.data.base import Split as Split
