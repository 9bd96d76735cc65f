"""The model that learns: branches, terms, one symmetric objective."""

import collections
import itertools
import re

from tfcmc.distribute import replicas
from tfcmc.foundation.lazy import keras, tf
from tfcmc.losses.vectors import normalise
from tfcmc.negatives.memory import Memory, make_term


class ContrastiveModel(replicas.FitsOnSeveralMachines, keras.Model):
    """Branches trained to agree on the views of a picture.

    The objective is the sum over pairs of views of loss(view, candidates of
    the other view), each averaged over the batch. Under a `tf.distribute`
    strategy the batch is the global one: replicas exchange their embeddings,
    and loss, gradients, loss states and memories are those of one device.

    Args:
        views: A `Views`: what the branches see of pictures.
        branches: Branch name to a functional model, images to embeddings.
        predictors: Branch name to a model of embeddings, which anchors go
            through; empty for none.
        losses: One `tfcmc.losses.layer.Loss` a pair.
        pairs: A `Pairs`.
        target: Embeddings to what anchors are compared with, a member of
            `TARGETS`.
        negatives: Where candidates come from, a member of `NEGATIVES`.
        examples: Number of training pictures.
        seed: Seed of the negatives drawn.
    """

    def __init__(
        self,
        views,
        branches,
        *,
        losses,
        pairs,
        target,
        negatives,
        examples,
        seed,
        predictors=None,
    ):
        super().__init__()
        self._views = views
        self.branches = list(branches.values())
        self.predictors = list((predictors or {}).values())
        self._names = tuple(branches)
        self._of_view = [self._names.index(name) for name in views.branch]
        self.contrasts = list(losses)
        self._pairs = pairs
        self._target = target
        self.local = negatives.local
        self._raw = losses[0].raw
        self.memory = Memory(
            negatives,
            dims=[
                self.branches[number].output_shape[-1]
                for number in self._of_view
            ],
            examples=examples,
            seed=seed,
        )
        self._mean_loss = replicas.RunningMean("loss")
        self.built = True

    def steps_done(self) -> int:
        """Returns how many steps it was trained for."""
        return int(self.optimizer.iterations.numpy())

    @property
    def learnt(self) -> list:
        """The variables that gradients change."""
        parts = (*self.branches, *self.predictors, *self.contrasts)
        return [each for part in parts for each in part.trainable_variables]

    def state(self) -> dict:
        """Returns every `tf.Variable` that training changes, by its path.

        Branches, optimizer, memories, what losses know of the batches seen,
        and the running mean of the epoch's losses.
        """
        self.optimizer.build(self.learnt)
        owners = dict(zip(self._names, self.branches, strict=True))
        owners |= {
            f"predictor/{name}": predictor
            for name, predictor in zip(
                self._names, self.predictors, strict=False
            )
        }
        owners |= {loss.name: loss for loss in self.contrasts}
        owners |= {"memory": self.memory}
        own = [
            (f"{owner}/{path}", variable)
            for owner, part in owners.items()
            for path, variable in _by_path(part.variables)
        ]
        paths = {id(variable): path for path, variable in own}
        own += _of_optimizer(
            self.optimizer, [paths[id(each)] for each in self.learnt]
        )
        # Not among the model's own.
        own += [
            (f"epoch/{each.name}", each) for each in self.metrics_variables
        ]
        return {path: variable.value for path, variable in own}

    def set_state(self, arrays: dict) -> None:
        """Sets every variable of `state`.

        Args:
            arrays: Their values, by their paths.

        Raises:
            ValueError: if they are another model's.
        """
        variables = self.state()
        shapes = {name: tuple(each.shape) for name, each in variables.items()}
        found = {name: array.shape for name, array in arrays.items()}
        if found != shapes:
            other = dict(found.items() ^ shapes.items())
            raise ValueError(
                f"`arrays` must be of the shapes of the model's variables. "
                f"Received: others at {', '.join(sorted(other)[:3])}"
            )
        for name, variable in variables.items():
            variable.assign(arrays[name])

    @property
    def metrics(self):
        """The metrics that Keras resets at every epoch."""
        return [self._mean_loss]

    def train_step(self, batch):
        """Learns from one batch: views, branches, terms, update.

        Args:
            batch: `(pictures, draws, numbers)`: `[batch, side, side, 3]`
                uint8, `[batch, views, draws]` and `[batch]`.

        Returns:
            `{"loss": mean over the epoch so far}`.
        """
        loss, gradients, embeddings, numbers = self.differentiate(batch)
        self.optimizer.apply(gradients, self.learnt)
        self.keep(embeddings, numbers)
        self._mean_loss.update_state(replicas.add(loss))
        return self.logs(loss=self._mean_loss.result())

    def differentiate(self, batch):
        """Computes the objective of a batch and its gradients.

        Args:
            batch: As for `train_step`; this replica's share.

        Returns:
            `(loss, gradients, embeddings, numbers)`: what this replica adds
            to the objective and to each learnt variable's gradient, to be
            summed over replicas; and of the whole batch, or of the share
            alone where negatives are `local`, one `[batch, dim]` a view, and
            `[batch]`.
        """
        pictures, draws, numbers = batch
        views = self._views.convert(pictures, draws)
        with tf.GradientTape() as tape:
            online = self._embed(views)
            anchors = self._scaled(self._predicted(online))
            embeddings = self._scaled(online) if self.predictors else anchors
            if not self.local:
                (numbers,) = replicas.gather([numbers])
                anchors, embeddings = self._gathered(anchors, embeddings)
            targets = self._target(embeddings)
            loss = self._objective(anchors, targets, numbers)
            loss += sum(self.losses)  # what the branches' layers regularise
            loss = replicas.part_of(loss)
        gradients = tape.gradient(loss, self.learnt)
        return loss, gradients, embeddings, numbers

    def keep(self, embeddings, numbers):
        """Takes in what a step leaves: memories, and means over replicas.

        Args:
            embeddings: `[batch, dim]` of the whole batch, one a view.
            numbers: `[batch]`, which pictures these are.
        """
        self.memory.remember(embeddings, numbers)
        if replicas.count() > 1:
            for variable in self.statistics(local=True):
                mean = replicas.add(replicas.part_of(variable.value))
                variable.assign(mean)

    def statistics(self, *, local=False):
        """Returns the moving statistics of batch normalisation.

        Args:
            local: Whether only those that each replica has of its share.
        """
        return [
            variable
            for layer in self.normalisations()
            if not (local and layer.synchronized)
            for variable in layer.non_trainable_variables
        ]

    def normalisations(self) -> list:
        """Returns the layers of batch normalisation."""
        return [
            layer
            for part in (*self.branches, *self.predictors)
            for layer in part._flatten_layers()
            if isinstance(layer, keras.layers.BatchNormalization)
        ]

    def _embed(self, views):
        """Embeddings of every view; those of one branch and side in a call."""
        calls = {}
        for number, view in enumerate(views):
            key = (self._of_view[number], view.shape[1])
            calls.setdefault(key, []).append(number)
        found = [None] * len(views)
        for (branch, _), members in calls.items():
            together = [views[number] for number in members]
            joined = (
                tf.concat(together, 0) if len(members) > 1 else together[0]
            )
            outputs = self.branches[branch](joined, training=True)
            parts = [outputs]
            if len(members) > 1:
                parts = tf.split(outputs, len(members))
            for number, part in zip(members, parts, strict=True):
                found[number] = part
        return found

    def _predicted(self, online):
        """What the predictors make of embeddings."""
        if not self.predictors:
            return online
        return [
            self.predictors[branch](vectors, training=True)
            for branch, vectors in zip(self._of_view, online, strict=True)
        ]

    def _scaled(self, vectors):
        """Unit length, or only float32 for a loss that wants them raw."""
        if self._raw:
            return [tf.cast(each, tf.float32) for each in vectors]
        return [normalise(each) for each in vectors]

    def _gathered(self, anchors, embeddings):
        """Both of the whole batch; exchanged once where they are one."""
        if embeddings is anchors:
            whole = replicas.gather(anchors)
            return whole, whole
        return replicas.gather(anchors), replicas.gather(embeddings)

    def _objective(self, anchors, targets, numbers):
        """The sum over pairs of loss(anchors, candidates of the other)."""
        total = 0.0
        step = tf.cast(self.optimizer.iterations, tf.int32)
        pairs = zip(self._pairs.ordered, self.contrasts, strict=True)
        for (view, other), loss in pairs:
            candidates, positive = self.memory.candidates(
                targets[other], view, other, numbers, step
            )
            # Where an anchor's value depends on the others, all are anchors.
            alone = self.local or loss.together
            term = make_term(
                anchors[view],
                candidates,
                positive,
                numbers=numbers,
                own=targets[view] if loss.same_view else None,
                mine=(lambda rows: rows) if alone else replicas.own,
            )
            total += loss.mean(term, shared=self.local)
        return (
            total if self._pairs.weight == 1.0 else total * self._pairs.weight
        )


def _by_path(variables):
    """Yields variables by their paths, numbered as in this model alone.

    Keras numbers the layers that have no name over the whole process: the
    same model, made a second time, would have other paths.
    """
    known, taken = collections.defaultdict(dict), collections.Counter()
    paths = [variable.path.split("/") for variable in variables]
    for part in itertools.chain.from_iterable(paths):
        numbers = known[_stem(part)]
        numbers.setdefault(part, len(numbers) + 1)
    for parts, variable in zip(paths, variables, strict=True):
        path = "/".join(
            f"{_stem(part)}_{known[_stem(part)][part]}"
            if len(known[_stem(part)]) > 1
            else _stem(part)
            for part in parts
        )
        taken[path] += 1
        again = f"#{taken[path]}" if taken[path] > 1 else ""
        yield path + again, variable


def _stem(part):
    """The name of a layer or variable without its number."""
    return re.sub(r"_\d+$", "", part)


def _of_optimizer(optimizer, learnt):
    """Yields an optimizer's variables by what they are of which variable."""
    found = collections.Counter()
    for variable in optimizer.variables:
        kind = variable.name.rpartition("_")[2]
        of = ""
        if variable.name not in ("iteration", "learning_rate"):
            # Optimizers make one of a kind for each variable, in their order.
            of = f"/{learnt[found[kind]]}"
            found[kind] += 1
        yield f"optimizer/{variable.name if not of else kind}{of}", variable
