"""What goes together is told before anything heavy is loaded."""

import pytest

from tfcmc.checks import UsageError
from tfcmc.config import make_config
from tfcmc.losses import LOSSES
from tfcmc.plan import BATCH_ONLY, make_plan


@pytest.mark.parametrize("loss", LOSSES.names())
def test_losses_and_remembered_negatives(loss):
    """A bank is refused, with the reason, for a loss of the batch at hand."""
    config = make_config({"loss": loss, "negatives": "bank"})
    needs = LOSSES.lookup(loss).member.extra
    reasons = [BATCH_ONLY[need] for need in BATCH_ONLY if needs.get(need)]
    if not reasons:
        assert make_plan(config).negatives.name == "bank"
        return
    with pytest.raises(UsageError, match="must be batch with") as caught:
        make_plan(config)
    assert reasons[0] in str(caught.value)
    assert loss in str(caught.value)


@pytest.mark.parametrize("loss", LOSSES.names())
def test_every_loss_takes_the_batch(loss):
    """Negatives from the batch go with every loss."""
    assert make_plan(make_config({"loss": loss})).loss.name == loss
