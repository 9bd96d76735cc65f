"""The model that learns: two encoders, one symmetric contrastive loss."""

from tfcmc.distribute import replicas
from tfcmc.foundation.lazy import keras, tf
from tfcmc.losses.vectors import normalise
from tfcmc.views.crop import cut


class ContrastiveModel(replicas.FitsOnSeveralMachines, keras.Model):
    """Two encoders trained to agree on two views of a picture.

    The objective is loss(L, candidates ab) + loss(ab, candidates L), each
    averaged over the batch. Under a `tf.distribute` strategy the batch is
    the global one: replicas exchange their embeddings, and loss, gradients,
    loss states and memory banks are those of one device.

    Args:
        encoders: One functional model a view, images to embeddings.
        convert: Pictures to one tensor a view, as `Views.convert`.
        pad: Pixels of reflection added before boxes are cut.
        loss: Its `mean` is `(anchor, candidates, positive, state, own) ->
            (mean, state)`, as `tfcmc.losses.Loss`; its `state_size` variables
            are kept here. It gets embeddings of unit length unless it is
            `raw`, and the anchors' own view among the candidates if it is
            `same_view`.
        negatives: Where candidates come from, as in `tfcmc.negatives`.
        examples: Number of training pictures.
        seed: Seed of the negatives drawn.
    """

    def __init__(
        self,
        encoders,
        *,
        convert,
        pad,
        loss,
        negatives,
        examples,
        seed,
    ):
        super().__init__()
        self.encoders = list(encoders)
        self._convert = convert
        self._pad = pad
        self._contrast = loss
        self._negatives = negatives
        self._seed = seed
        self._mean_loss = replicas.RunningMean("loss")
        self._states = [
            self._variable(f"loss_state_{view}", [loss.state_size], "zeros")
            for view in range(2)
        ]
        rows = negatives.memory_rows(examples)
        self._memories = [
            self._variable(
                f"memory_{view}",
                [rows, self.encoders[view].output_shape[-1]],
                _UnitVectors(seed + view),
            )
            for view in range(2)
        ]
        self.built = True

    def _variable(self, name, shape, initializer):
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer,
            dtype="float32",
            trainable=False,
            # Each replica assigns its own copy, and all assign the same.
            aggregation="none",
        )

    def steps_done(self):
        """Returns how many steps it was trained for."""
        return int(self.optimizer.iterations.numpy())

    def state(self):
        """Returns every `tf.Variable` that training changes, in one order.

        Encoders, optimizer, memory banks, what the loss knows of the batches
        seen, and the running mean of the epoch's losses.
        """
        self.optimizer.build(self.trainable_variables)
        variables = [
            *self.variables,
            *self.metrics_variables,  # not among the model's own
            *self.optimizer.variables,
        ]
        return [variable.value for variable in variables]

    def set_state(self, arrays):
        """Sets every variable of `state`.

        Args:
            arrays: Their values, in their order.

        Raises:
            ValueError: if they are another model's.
        """
        variables = self.state()
        shapes = [tuple(variable.shape) for variable in variables]
        if shapes != [array.shape for array in arrays]:
            raise ValueError(
                "`arrays` must be of the shapes of the model's variables. "
                f"Received: {len(arrays)} for {len(variables)} variables"
            )
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)

    @property
    def metrics(self):
        """The metrics that Keras resets at every epoch."""
        return [self._mean_loss]

    @property
    def memory(self):
        """The variables of what is known of the batches seen."""
        return [*self._states, *self._memories]

    def train_step(self, batch):
        """Learns from one batch: colours, boxes, encoders, loss, update.

        Args:
            batch: `(pictures, corners, numbers)`: `[batch, side, side, 3]`
                uint8, `[batch, 2, 4]` and `[batch]`.

        Returns:
            `{"loss": mean over the epoch so far}`.
        """
        loss, gradients, embeddings, numbers = self.differentiate(batch)
        self.optimizer.apply(gradients, self.trainable_variables)
        self.remember(embeddings, numbers)
        self._mean_loss.update_state(replicas.add(loss))
        return self.logs(loss=self._mean_loss.result())

    def differentiate(self, batch):
        """Computes the objective of a batch and its gradients.

        Args:
            batch: As for `train_step`; this replica's share.

        Returns:
            `(loss, gradients, embeddings, numbers)`: what this replica adds
            to the objective and to each variable's gradient, to be summed
            over replicas; and of the whole batch, or of the share alone
            where negatives are `local`, one `[batch, dim]` a view, and
            `[batch]`.
        """
        pictures, corners, numbers = batch
        views = self.views(pictures, corners)
        with tf.GradientTape() as tape:
            shares = [
                self._scale(encoder(view, training=True))
                for encoder, view in zip(self.encoders, views, strict=True)
            ]
            embeddings = shares
            if not self._negatives.local:
                embeddings = replicas.gather(shares)
                (numbers,) = replicas.gather([numbers])
            loss = self._symmetric_loss(embeddings, numbers)
            loss += sum(self.losses)  # what the encoders' layers regularise
            loss = replicas.part_of(loss)
        gradients = tape.gradient(loss, self.trainable_variables)
        return loss, gradients, embeddings, numbers

    def views(self, pictures, corners):
        """Makes what the encoders see of pictures: colours, then boxes.

        Args:
            pictures: `[batch, side, side, 3]`, uint8.
            corners: `[batch, 2, 4]`, the corners of each view's box.

        Returns:
            One tensor `[batch, 64, 64, channels]` a view.
        """
        return [
            cut(view, corners[:, number], self._pad)
            for number, view in enumerate(self._convert(pictures))
        ]

    def remember(self, embeddings, numbers):
        """Updates the memory banks, if there are any.

        Args:
            embeddings: `[batch, dim]` of the whole batch, one a view.
            numbers: `[batch]`, which pictures these are.
        """
        for embedding, memory in zip(embeddings, self._memories, strict=True):
            self._negatives.remember(embedding, memory.value, numbers)

    def _scale(self, embedding):
        """Unit length, or only float32 for a loss that wants it raw."""
        if self._contrast.raw:
            return tf.cast(embedding, tf.float32)
        return normalise(embedding)

    def _symmetric_loss(self, embeddings, numbers):
        """loss(L, candidates ab) + loss(ab, candidates L)."""
        total = 0.0
        step = tf.cast(self.optimizer.iterations, tf.int32)
        for anchor, other in ((0, 1), (1, 0)):
            candidates, positive = self._negatives.candidates(
                embeddings[other],
                self._memories[other].value,
                numbers,
                tf.stack([self._seed * 2 + anchor, step]),
            )
            own = None
            if self._contrast.same_view:
                own = tf.shape(candidates)[0] + tf.range(tf.shape(positive)[0])
                candidates = tf.concat(
                    [candidates, embeddings[anchor]], axis=0
                )
                own = self._of_anchors(own)
            mean, state = self._contrast.mean(
                self._of_anchors(embeddings[anchor]),
                candidates,
                self._of_anchors(positive),
                self._states[anchor].value,
                own,
            )
            if self._negatives.local:
                state = replicas.add(replicas.part_of(state))
            self._states[anchor].assign(state)
            total += mean
        return total

    def _of_anchors(self, rows):
        """The rows that belong to the anchors of this replica.

        All, where what it has is its share alone, or where an anchor's value
        or the state depends on the other anchors.
        """
        together = self._contrast.whole_batch or self._contrast.state_size
        if together or self._negatives.local:
            return rows
        return replicas.own(rows)


class _UnitVectors(keras.initializers.Initializer):
    """Random vectors of length 1."""

    def __init__(self, seed):
        self._seed = seed

    def __call__(self, shape, dtype=None):
        return normalise(
            tf.random.stateless_normal(shape, [self._seed, 7], dtype=dtype)
        )
