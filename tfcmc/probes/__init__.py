"""The catalogue of probes: importing it fills the table."""

from tfcmc.probes.base import PROBES as PROBES
from tfcmc.probes.base import Labelled as Labelled
from tfcmc.probes.knn import knn as knn
from tfcmc.probes.knn import leave_one_out as leave_one_out
from tfcmc.probes.linear import linear_probe as linear_probe
from tfcmc.probes.mlp_head import mlp_head as mlp_head
from tfcmc.probes.plain_head import plain_head as plain_head
