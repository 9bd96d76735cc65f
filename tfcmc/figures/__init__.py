"""The figures of a run."""

from tfcmc.figures.alignment import alignment_histogram as alignment_histogram
from tfcmc.figures.alignment_uniformity import (
    alignment_uniformity_map as alignment_uniformity_map,
)
from tfcmc.figures.curves import learning_curves as learning_curves
from tfcmc.figures.gradient import gradient_anatomy as gradient_anatomy
from tfcmc.figures.hypersphere import hypersphere as hypersphere
from tfcmc.figures.neighbours import neighbours_sheet as neighbours_sheet
from tfcmc.figures.panel import Panel as Panel
from tfcmc.figures.traces import Trace as Trace
from tfcmc.figures.tsne import FEWEST_MAPPED as FEWEST_MAPPED
from tfcmc.figures.tsne import Map as Map
from tfcmc.figures.tsne import tsne_map as tsne_map
