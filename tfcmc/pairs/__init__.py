"""Which view is compared with which.

Importing it fills the table.
"""

from tfcmc.pairs import assigned as assigned
from tfcmc.pairs import cross as cross
from tfcmc.pairs import first as first
from tfcmc.pairs import local as local
from tfcmc.pairs import own as own
from tfcmc.pairs.base import PAIRS as PAIRS
from tfcmc.pairs.base import Pairs as Pairs
