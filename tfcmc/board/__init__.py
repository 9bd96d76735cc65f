"""What TensorBoard shows of a run, beside the curves of its training."""

from tfcmc.board.events import write_hparams as write_hparams
from tfcmc.board.events import write_images as write_images
from tfcmc.board.projector import write_projector as write_projector
