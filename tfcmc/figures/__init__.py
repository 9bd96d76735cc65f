"""The figures of a run."""

from tfcmc.figures.alignment import alignment_histogram as alignment_histogram
from tfcmc.figures.neighbours import neighbours_sheet as neighbours_sheet
from tfcmc.figures.tsne import tsne_map as tsne_map
