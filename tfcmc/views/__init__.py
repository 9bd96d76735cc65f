"""The views of a picture, and how they are cut out of it.

Importing it fills the tables.
"""

from tfcmc.views import lab as lab
from tfcmc.views import resized as resized
from tfcmc.views import rgb as rgb
from tfcmc.views import window as window
from tfcmc.views import ycbcr as ycbcr
from tfcmc.views.base import VIEWS as VIEWS
from tfcmc.views.base import Frame as Frame
from tfcmc.views.base import Views as Views
from tfcmc.views.crop import CROPS as CROPS
from tfcmc.views.crop import cropped as cropped
