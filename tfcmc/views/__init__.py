"""The catalogue of views: importing it fills the table."""

from tfcmc.views.base import VIEWS as VIEWS
from tfcmc.views.base import Views as Views
from tfcmc.views.lab import lab as lab
