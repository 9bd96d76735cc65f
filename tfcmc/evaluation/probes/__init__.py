"""What is read off frozen features, one probe a file.

Importing it fills the table.
"""

from tfcmc.evaluation.probes import knn as knn
from tfcmc.evaluation.probes import linear as linear
from tfcmc.evaluation.probes import mlp_head as mlp_head
from tfcmc.evaluation.probes import nearest_mean as nearest_mean
from tfcmc.evaluation.probes import plain_head as plain_head
from tfcmc.evaluation.probes.base import EDITION as EDITION
from tfcmc.evaluation.probes.base import PROBES as PROBES
from tfcmc.evaluation.probes.base import Labelled as Labelled

# The members in the order that tables have them.
ORDER = ("linear_probe", "mlp_head", "knn", "nearest_mean", "plain_head")
SHOWN = tuple(sorted(PROBES.members(), key=lambda x: ORDER.index(x.name)))
