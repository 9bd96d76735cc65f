"""What batch normalisation takes its statistics of, one file each.

Importing it fills the table.
"""

from tfcmc.batch_norms import local as local
from tfcmc.batch_norms import split as split
from tfcmc.batch_norms import synchronized as synchronized
from tfcmc.batch_norms.base import BATCH_NORMS as BATCH_NORMS
