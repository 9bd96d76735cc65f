"""What stands between features and loss: heads and predictors, one file each.

Importing it fills the table.
"""

from tfcmc.heads import critic as critic
from tfcmc.heads import linear as linear
from tfcmc.heads import mlp as mlp
from tfcmc.heads import none as none
from tfcmc.heads.base import HEADS as HEADS
