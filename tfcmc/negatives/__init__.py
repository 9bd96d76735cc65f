"""The catalogue of sources of negatives: importing it fills the table."""

from tfcmc.negatives.bank import Bank as Bank
from tfcmc.negatives.base import NEGATIVES as NEGATIVES
from tfcmc.negatives.batch import Batch as Batch
from tfcmc.negatives.batch import Local as Local
