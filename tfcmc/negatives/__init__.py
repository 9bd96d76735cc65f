"""What an anchor is compared with, one file a source.

Importing it fills the table.
"""

from tfcmc.negatives import bank as bank
from tfcmc.negatives import batch as batch
from tfcmc.negatives import queue as queue
from tfcmc.negatives.base import NEGATIVES as NEGATIVES
