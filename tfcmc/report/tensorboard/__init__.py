"""What TensorBoard shows of a run, beside the curves of its training."""

from tfcmc.report.tensorboard.events import IMAGES as IMAGES
from tfcmc.report.tensorboard.events import write_hparams as write_hparams
from tfcmc.report.tensorboard.events import write_images as write_images
from tfcmc.report.tensorboard.projector import CONFIG as CONFIG
from tfcmc.report.tensorboard.projector import (
    write_projector as write_projector,
)
