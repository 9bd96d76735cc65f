"""The table of losses, and what a member says of itself.

A member of `LOSSES` is a pure function `(term, *, options) -> [A]` of a `Term`
of unit vectors. What else a member needs or is, it says in `extra` where it
registers:

    kind: "contrastive", where it leaves it out: anchors are compared with
        negatives. "prediction": with their positives alone. "clustering":
        with the codes of their positives, which it holds prototypes for.
        "mutual information": with negatives, as an estimate of it.
    same_view: It takes negatives of the anchor's own view too.
    raw: It takes the embeddings as the encoder gives them, not scaled to unit
        length.
    whole_batch: An anchor's value depends on the other anchors: it holds
        statistics of the batch, and only their mean is a loss.
    several: It takes terms whose anchors have several positives as they are;
        for others each anchor is repeated for each of its positives.
    axes: The directions of the axes count, not the angles alone.
    at_collapse: A function of the options to the value at one point, where it
        is not that of the untrained loss.
    constant: A function of the options: whether something that depends on the
        vectors is held constant in the gradient, on purpose.
    state_size: A function of the options: how many numbers it keeps of the
        batches seen, 0 for none; `tfcmc.losses.layer.Loss` owns them.
    estimate: Where it keeps any: a second function `(state, term, *, options)
        -> state`, whose result the loss takes as `state=`.

`whole_batch`, `axes` and `constant` also say which of the laws that every loss
is tested by do not hold for it.
"""

from tfcmc.foundation.registry import Registry

LOSSES = Registry("loss")
