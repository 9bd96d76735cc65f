"""What happens beside training: measuring, saving, telling, stopping."""

from tfcmc.callbacks.measuring import (
    MeasureRepresentation as MeasureRepresentation,
)
from tfcmc.callbacks.progress import ShowProgress as ShowProgress
from tfcmc.callbacks.saving import GoOn as GoOn
from tfcmc.callbacks.saving import SaveCheckpoint as SaveCheckpoint
from tfcmc.callbacks.saving import SaveHistory as SaveHistory
from tfcmc.callbacks.stopping import Collapsed as Collapsed
from tfcmc.callbacks.stopping import NotFinite as NotFinite
from tfcmc.callbacks.stopping import StopWhenNotFinite as StopWhenNotFinite
from tfcmc.callbacks.stopping import WatchForCollapse as WatchForCollapse
