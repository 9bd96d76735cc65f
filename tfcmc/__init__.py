"""tfcmc: which contrastive loss, and what did it do to the representation?"""

__version__ = "0.1.0"
