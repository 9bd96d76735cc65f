"""Agreement with the positive alone, by the cosine."""

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Choice
from tfcmc.losses.base import LOSSES
from tfcmc.losses.vectors import partners


@LOSSES.register(
    "cosine",
    extra={"kind": "prediction"},
    form=Choice(("squared", "negative")),
)
def cosine(term, *, form="squared"):
    """Predicts the positive: nothing but its angle to the anchor counts.

    There are no negatives, so one point is the best there is: only a target
    without a gradient, and a predictor before the anchors, keep it away.

    Formula: "squared" 2 - 2 s_pos, which is d_pos^2, as BYOL has it;
        "negative" -s_pos, as SimSiam does. s is the cosine, d the distance.
    Range: squared 0 to 4, 2 when orthogonal; negative -1 to 1.
    At initialisation: 2 between vectors that know nothing of each other;
        1.65 to 1.8 at batch 128.
    At collapse: 0; negative -1: the best value, so that the loss alone does
        not tell. Whether it has collapsed the spread of the vectors says.

    Args:
        term: A `Term`; vectors of unit length, of which the candidates but
            for the positives are not read.
        form: "squared" or "negative".

    Returns:
        `[batch]`.

    Reference: Grill et al. 2020, "Bootstrap your own latent", equation 2;
        Chen and He 2021, "Exploring simple siamese representation learning",
        equation 1.
    """
    agreement = tf.reduce_sum(term.anchors * partners(term), axis=1)
    return 2.0 - 2.0 * agreement if form == "squared" else -agreement
