"""What anchors are to agree with, without or with a gradient of its own.

Importing it fills the table.
"""

from tfcmc.targets import momentum as momentum
from tfcmc.targets import same as same
from tfcmc.targets import stopped as stopped
from tfcmc.targets.base import TARGETS as TARGETS
