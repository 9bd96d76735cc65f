"""The figures of a run, a comparison, a search and a study."""

from tfcmc.report.figures.alignment import (
    alignment_histogram as alignment_histogram,
)
from tfcmc.report.figures.alignment_uniformity import (
    alignment_uniformity_map as alignment_uniformity_map,
)
from tfcmc.report.figures.confusion import confusion_matrix as confusion_matrix
from tfcmc.report.figures.curves import learning_curves as learning_curves
from tfcmc.report.figures.density import hypersphere as hypersphere
from tfcmc.report.figures.few_labels import label_curve as label_curve
from tfcmc.report.figures.gradient import gradient_anatomy as gradient_anatomy
from tfcmc.report.figures.label_free import Scatter as Scatter
from tfcmc.report.figures.label_free import (
    label_free_objectives as label_free_objectives,
)
from tfcmc.report.figures.maps import FEWEST_MAPPED as FEWEST_MAPPED
from tfcmc.report.figures.maps import control_maps as control_maps
from tfcmc.report.figures.maps import tsne as tsne
from tfcmc.report.figures.maps import tsne_map as tsne_map
from tfcmc.report.figures.neighbours import (
    neighbours_sheet as neighbours_sheet,
)
from tfcmc.report.figures.options import Slice as Slice
from tfcmc.report.figures.options import (
    objective_over_options as objective_over_options,
)
from tfcmc.report.figures.options import option_importance as option_importance
from tfcmc.report.figures.panel import Map as Map
from tfcmc.report.figures.panel import Panel as Panel
from tfcmc.report.figures.study import interactions as interactions
from tfcmc.report.figures.study import main_effects as main_effects
from tfcmc.report.figures.study import time_and_accuracy as time_and_accuracy
from tfcmc.report.figures.traces import Trace as Trace
from tfcmc.report.figures.tuned import Gain as Gain
from tfcmc.report.figures.tuned import tuned_and_default as tuned_and_default
