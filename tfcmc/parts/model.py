"""Encoders that learn from ready views, as a Keras model."""

import itertools

from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import keras, tf
from tfcmc.losses.of_views import ContrastiveLoss
from tfcmc.model import added_by, regularised
from tfcmc.parts.metrics import Alignment, Uniformity


@keras.saving.register_keras_serializable(package="tfcmc")
class ContrastiveModel(keras.Model):
    """Encoders trained to agree on the views of a picture, by one loss.

    Objective: sum over pairs of views of loss(one, other). `fit` takes batches
    of views: a tuple or a dict of them, `[batch, ...]` each, row by row of the
    same pictures. `model(pictures)` gives features, what the head stands on.
    It learns on one device, and logs `loss`, `batch_alignment` and
    `batch_uniformity`, of what the loss compares in each batch.

    Example:

        model = tfcmc.ContrastiveModel(encoder, head, loss="nt_xent")
        model.compile("adam")
        model.fit(views)

    Args:
        encoder: A `keras.Model` of a view to features, for all views; or a
            dict, name of a view to its own.
        head: A `keras.Model` of features to what is compared, or a dict
            likewise; None for none.
        loss: The spec of a loss, or a `ContrastiveLoss`. What a loss keeps
            (the constant of `nce`, prototypes) all pairs share.
        name: Keras's.

    Raises:
        UsageError: if encoders and heads are not of the same views, or there
            is no such loss.
    """

    def __init__(self, encoder, head=None, loss="nt_xent", name=None, **own):
        super().__init__(name=name, **own)
        self.encoder, self.head = encoder, head
        apart = isinstance(encoder, dict)
        if isinstance(head, dict) and (
            not apart or head.keys() != encoder.keys()
        ):
            raise must("head", "a model, or of the encoders' views", head)
        parts = {"encoder": encoder} | ({} if head is None else {"head": head})
        for part, given in parts.items():
            for each in given.values() if isinstance(given, dict) else [given]:
                if not isinstance(each, keras.layers.Layer):
                    raise must(part, "a keras.Model, or a dict of them", each)
        if not isinstance(loss, str | ContrastiveLoss):
            raise must("loss", "a spec or what tfcmc.losses.get gives", loss)
        if isinstance(loss, str):
            last = head or encoder
            if isinstance(last, dict):
                last = next(iter(last.values()))
            dim = getattr(last, "output_shape", (None,))[-1]
            loss = ContrastiveLoss(loss, dim=dim)
        self.contrast = loss
        # Keras tracks layers, and so saves and trains what they keep.
        self._kept = loss.layers
        self._measures = [
            Alignment(name="batch_alignment"),
            Uniformity(name="batch_uniformity"),
        ]
        # Keras notes it where a model is called, which no step does.
        layers = self._flatten_layers(include_self=False)
        self.built = all(each.built for each in layers)

    def compile(
        self,
        optimizer="rmsprop",
        loss=None,
        *,
        metrics=None,
        weighted_metrics=None,
        **options,
    ):
        """Configures the training, as Keras's own.

        Args:
            optimizer: Keras's.
            loss: None: the model has its own.
            metrics: None: a `RepresentationMonitor` measures.
            weighted_metrics: Likewise.
            **options: Keras's.

        Raises:
            UsageError: if a loss or metrics are given.
        """
        if loss:
            told = "left out here: ContrastiveModel(..., loss=...) takes it"
            raise must("loss", told, loss)
        if given := metrics or weighted_metrics:
            told = "left out: a RepresentationMonitor among fit's callbacks"
            raise must("metrics", f"{told} measures", given)
        super().compile(optimizer, **options)

    def compile_from_config(self, config):
        """Compiles as before; the optimizer has variables to be read into."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def call(self, inputs, training=False):
        """Computes features: of a view, or of a dict of views."""
        if isinstance(self.encoder, dict):
            return {
                name: self.encoder[name](view, training=training)
                for name, view in inputs.items()
            }
        return self.encoder(inputs, training=training)

    def train_step(self, data):
        """Learns from one batch of views."""
        with tf.GradientTape() as tape:
            try:
                loss = self._objective(data, training=True)
            except Exception:
                # What is half traced could not be traced again.
                self.train_function = None
                raise
            scaled = self.optimizer.scale_loss(loss)
        learnt = self.trainable_variables
        self.optimizer.apply(tape.gradient(scaled, learnt), learnt)
        return self._told()

    def test_step(self, data):
        """Measures one batch of views."""
        self._objective(data, training=False)
        return self._told()

    def _objective(self, data, training):
        """The loss of a batch, which the metrics take in."""
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        if replicas > 1:
            raise must("strategy", "of one device", replicas)
        views, added = self._named(data), []
        vectors = [
            self._embed(name, view, training, added)
            for name, view in views.items()
        ]
        pairs = list(itertools.combinations(vectors, 2))
        if not pairs:
            raise must("x", "at least two views of each picture", len(views))
        loss = sum(
            self.contrast.compare(*pair, learning=training) for pair in pairs
        )
        loss += regularised(added, self.trainable_variables, loss.dtype)
        if training:
            self.contrast.advance(*pairs[0])
        self._loss_tracker.update_state(loss)
        for pair, measure in itertools.product(pairs, self._measures):
            measure.update_state(*pair)
        self.built = True
        return loss

    def parts_of(self, name) -> tuple:
        """Returns the encoder and the head of a view; None for no head."""
        return tuple(
            part[name] if isinstance(part, dict) else part
            for part in (self.encoder, self.head)
        )

    def _embed(self, name, view, training, added):
        encoder, head = self.parts_of(name)
        vectors = encoder(view, training=training)
        added += added_by(encoder)
        if head is not None:
            vectors = head(vectors, training=training)
            added += added_by(head)
        return vectors

    def _named(self, data):
        """Views by their names, however they came."""
        # `train_on_batch` adds a None for what it is not given.
        while isinstance(data, tuple) and data and data[-1] is None:
            data = data[:-1]
        if isinstance(data, tuple) and len(data) == 1:
            (data,) = data
        names = list(self.encoder) if isinstance(self.encoder, dict) else None
        if isinstance(data, dict):
            if names is not None and data.keys() != set(names):
                raise must("x", f"a dict of {', '.join(names)}", sorted(data))
            return data
        if not isinstance(data, tuple | list):
            raise must("x", "a tuple or a dict of views", "one alone")
        names = range(len(data)) if names is None else names
        if len(names) != len(data):
            raise must("x", f"a view for each of {names}", len(data))
        return dict(zip(names, data, strict=True))

    def _told(self):
        return {each.name: each.result() for each in self.metrics}

    def get_config(self) -> dict:
        """Returns its arguments, by which Keras makes it again."""
        parts = {
            "encoder": self.encoder,
            "head": self.head,
            "loss": self.contrast,
        }
        write = keras.saving.serialize_keras_object
        return super().get_config() | {
            name: {key: write(each) for key, each in part.items()}
            if isinstance(part, dict)
            else write(part)
            for name, part in parts.items()
        }

    @classmethod
    def from_config(cls, config):
        """Makes one of what `get_config` returned."""
        read = keras.saving.deserialize_keras_object
        config = dict(config)
        for name in ("encoder", "head", "loss"):
            part = config.pop(name)
            several = isinstance(part, dict) and "class_name" not in part
            config[name] = (
                {key: read(each) for key, each in part.items()}
                if several
                else read(part)
            )
        return cls(**config)
