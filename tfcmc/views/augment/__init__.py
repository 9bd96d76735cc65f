"""How one view of a picture is distorted, by compiled operations.

Importing it loads no TensorFlow.
"""

from tfcmc.views.augment.draws import DRAWS as DRAWS
from tfcmc.views.augment.parameters import ROWS as ROWS
from tfcmc.views.augment.parameters import Augmentation as Augmentation
from tfcmc.views.augment.parameters import rows as rows
from tfcmc.views.augment.place import box as box
from tfcmc.views.augment.place import boxes as boxes
from tfcmc.views.augment.steps import distort as distort
from tfcmc.views.augment.steps import finish as finish
from tfcmc.views.augment.steps import whole as whole
