"""The optimizers and the schedules of their learning rate, one file each.

Importing it fills the tables.
"""

from tfcmc.optimizers import adam as adam
from tfcmc.optimizers import lars as lars
from tfcmc.optimizers import schedules as schedules
from tfcmc.optimizers import sgd as sgd
from tfcmc.optimizers.base import OPTIMIZERS as OPTIMIZERS
from tfcmc.optimizers.base import SCHEDULES as SCHEDULES
