"""The encoders, one file each, and their files.

Importing it fills the table.
"""

from tfcmc.encoders import convnet as convnet
from tfcmc.encoders import dim as dim
from tfcmc.encoders import paper as paper
from tfcmc.encoders import resnet as resnet
from tfcmc.encoders.base import ENCODERS as ENCODERS
from tfcmc.encoders.base import FEATURES as FEATURES
from tfcmc.encoders.base import MAP as MAP
from tfcmc.encoders.base import encoder_of as encoder_of
from tfcmc.encoders.base import make_branch as make_branch
from tfcmc.encoders.base import make_critic as make_critic
from tfcmc.encoders.base import with_places as with_places
from tfcmc.encoders.files import load_encoder as load_encoder
from tfcmc.encoders.files import read_encoder as read_encoder
from tfcmc.encoders.files import read_trained_as as read_trained_as
from tfcmc.encoders.files import save_encoder as save_encoder
from tfcmc.encoders.files import strange_encoder as strange_encoder
