"""A loss of two views, for any training step."""

from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import keras, tf
from tfcmc.foundation.registry import spelt
from tfcmc.losses.base import LOSSES
from tfcmc.losses.layer import make_losses
from tfcmc.losses.term import Candidates, make_term
from tfcmc.losses.vectors import normalise

VIEWS = ("first", "second")
BOTH_WAYS = ((0, 1), (1, 0))


OPTIONS = ("symmetric", "dim", "seed")


def get(name: str, **options) -> "ContrastiveLoss":
    """Returns a loss of two views by its name, for any training step.

    Args:
        name: As `tfcmc losses` lists them, or a spec:
            "nt_xent", "triplet(margin=0.5)".
        **options: Those of the loss, and of `ContrastiveLoss`.

    Raises:
        UsageError: if there is no such loss, or an option is not one of its
            or out of range.
    """
    given = {key: options.pop(key) for key in OPTIONS if key in options}
    return ContrastiveLoss(spelt(name, options), **given)


@keras.saving.register_keras_serializable(package="tfcmc")
class ContrastiveLoss(keras.losses.Loss):
    """One of the losses, of two views of the same pictures.

    Formula: mean over pictures of l(first, candidates of second) + l(second,
        candidates of first); the candidates are the other view's batch, and
        this view's too where the loss takes negatives of both.

    A loss that keeps numbers (the constant of `nce`, the prototypes of
    `swav`, the steps so far) owns them: `variables`. Those that learn,
    `trainable_variables`, are to be updated with the model's. To call it is a
    step of training: where nothing is learnt, or several pairs make a step,
    `compare` them and `advance` once.

    Args:
        spec: The loss, with its options.
        symmetric: Whether the second view's vectors are anchors too. Without
            it gradients flow where the caller lets them: for `cosine`
            `loss(predicted, stop_gradient(embeddings))`.
        dim: Dimensions of the vectors, for losses that learn prototypes.
        seed: Of what learns.
        name: Keras's.

    Raises:
        UsageError: if there is no such loss, an option is not one of its or
            out of range, or `dim` is missing.
    """

    def __init__(
        self,
        spec: str,
        *,
        symmetric: bool = True,
        dim: int | None = None,
        seed: int = 0,
        name: str = "contrastive_loss",
    ):
        super().__init__(name=name, dtype="float32")
        bound = LOSSES.lookup(spec)
        self._config = {
            "spec": bound.spec,
            "symmetric": symmetric,
            "dim": dim,
            "seed": seed,
            "name": name,
        }
        if bound.member.extra.get("kind") == "clustering" and dim is None:
            raise must("dim", f"given with {bound.name}", dim)
        self._ordered = BOTH_WAYS if symmetric else BOTH_WAYS[:1]
        self._losses = make_losses(
            bound, self._ordered, VIEWS, dim=dim, seed=seed
        )
        # A layer's, with which Keras saves it.
        self._count = keras.layers.Layer(name="count")
        self._steps = self._count.add_weight(
            name="steps",
            shape=[],
            initializer="zeros",
            dtype="int32",
            trainable=False,
        )
        self._count.built = True

    @property
    def layers(self) -> list:
        """The layers that own what it keeps."""
        owners = {id(each): each for each in (*self._losses, self._count)}
        return list(owners.values())

    @property
    def variables(self) -> list:
        """What it keeps, and how many steps it counted."""
        return [each for owner in self.layers for each in owner.variables]

    @property
    def trainable_variables(self) -> list:
        """What learns with the model."""
        return [each for each in self.variables if each.trainable]

    def call(self, first, second):
        """Computes the loss of a training step, and counts it as one.

        Args:
            first: `[batch, dim]`, one vector a picture.
            second: `[batch, dim]`, of the same pictures in the same order.

        Returns:
            A number; of a large batch in bounded memory where its size is
            known beforehand, as with `drop_remainder=True`.
        """
        total = self.compare(first, second)
        self.advance(first, second)
        return total

    def compare(self, first, second, *, learning: bool = True):
        """Computes the loss, and counts no step.

        Args:
            first: As for `call`.
            second: Likewise.
            learning: Whether the constant of `nce` follows.

        Returns:
            As `call`.
        """
        known, views = self._losses[0], self._scaled(first, second)
        if known.prototypes is not None:
            known.prototypes.normalise()  # an optimizer may have moved them
        step = self._steps.value
        rows = tf.range(tf.shape(views[0])[0])
        return sum(
            loss.mean(
                make_term(
                    views[anchor],
                    Candidates(views[other], rows),
                    numbers=tf.cast(rows, tf.int64),
                    own=views[anchor] if known.same_view else None,
                ),
                step=step,
                view=other,
                learning=learning,
            )
            for (anchor, other), loss in zip(
                self._ordered, self._losses, strict=True
            )
        )

    def advance(self, first, second) -> None:
        """Ends a training step: it is counted, and its vectors are queued.

        Args:
            first: As for `call`.
            second: Likewise.
        """
        prototypes = self._losses[0].prototypes
        if prototypes is not None:
            prototypes.remember(dict(enumerate(self._scaled(first, second))))
        self._steps.assign_add(1)

    def _scaled(self, *views):
        """Float32, and of unit length where the loss wants that."""
        scale = tf.identity if self._losses[0].raw else normalise
        return [scale(tf.cast(each, tf.float32)) for each in views]

    def get_config(self) -> dict:
        """Returns its arguments, by which Keras makes it again."""
        return dict(self._config)
