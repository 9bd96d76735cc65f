"""The figures of a run, a comparison and a search."""

from tfcmc.figures.alignment import alignment_histogram as alignment_histogram
from tfcmc.figures.alignment_uniformity import (
    alignment_uniformity_map as alignment_uniformity_map,
)
from tfcmc.figures.confusion import confusion_matrix as confusion_matrix
from tfcmc.figures.curves import learning_curves as learning_curves
from tfcmc.figures.gradient import gradient_anatomy as gradient_anatomy
from tfcmc.figures.hypersphere import hypersphere as hypersphere
from tfcmc.figures.label_free import Scatter as Scatter
from tfcmc.figures.label_free import (
    label_free_objectives as label_free_objectives,
)
from tfcmc.figures.neighbours import neighbours_sheet as neighbours_sheet
from tfcmc.figures.options import Slice as Slice
from tfcmc.figures.options import (
    objective_over_options as objective_over_options,
)
from tfcmc.figures.options import option_importance as option_importance
from tfcmc.figures.panel import Panel as Panel
from tfcmc.figures.traces import Trace as Trace
from tfcmc.figures.tsne import FEWEST_MAPPED as FEWEST_MAPPED
from tfcmc.figures.tsne import Map as Map
from tfcmc.figures.tsne import tsne_map as tsne_map
from tfcmc.figures.tuned import Gain as Gain
from tfcmc.figures.tuned import tuned_and_default as tuned_and_default
