"""The model that learns: branches, terms, one symmetric objective."""

import collections
import functools
import itertools
import re

from tfcmc.distribute import replicas
from tfcmc.distribute.pieces import Pieces
from tfcmc.encoders import with_places
from tfcmc.foundation.lazy import keras, tf
from tfcmc.losses.term import make_term, of_places
from tfcmc.losses.vectors import normalise
from tfcmc.negatives.memory import Memory
from tfcmc.optimizers.scaled import amplified

# An optimizer's variables that belong to none of those learnt.
ALONE = ("iteration", "learning_rate", "step_counter", "dynamic_scale")


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
        critics: Branch name to a model of the branch's map, to vectors of its
            places; empty where pairs are not of places.
        losses: One `tfcmc.losses.layer.Loss` a pair, which may be the same.
        target: Embeddings to what anchors are compared with, a member of
            `TARGETS`.
        twin: The `Twin` that makes the target's embeddings; None where the
            branches make them.
        negatives: Where candidates come from, a member of `NEGATIVES`.
        examples: Number of training pictures.
        seed: Seed of what is drawn on the device: negatives, and the order
            that the twin is shown pictures in.
        each_view: Whether views of one branch go through it one by one, each
            with batch statistics of its own.
        pieces: How many parts of a batch, alike, the branches compute one
            after the other, in the memory of one.

    Attributes:
        shuffled: Whether the twin is shown every batch in another order.
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
        critics=None,
        twin=None,
        each_view=False,
        pieces=1,
    ):
        super().__init__()
        self._views = views
        self.branches = list(branches.values())
        self.predictors = list((predictors or {}).values())
        self.critics = list((critics or {}).values())
        # What embeds views, and their places where these are compared.
        self._embedders = [
            with_places(branch, critic)
            for branch, critic in zip(
                self.branches, self.critics, strict=False
            )
        ] or self.branches
        self._names = tuple(branches)
        self._of_view = [self._names.index(name) for name in views.branch]
        self.contrasts = list(losses)
        self._pairs = pairs
        self._target = target
        self.twin = twin
        self._seed = seed
        # Statistics of groups or devices would tell which keys stand beside
        # which: the twin is shown the batch in another order.
        self.shuffled = not all(
            each.synchronized for each in self.normalisations(followed=True)
        )
        self._each_view = each_view
        self.local = negatives.local
        self._raw = losses[0].raw
        # Which views are anchors, and which are what anchors agree with.
        self._anchors = sorted({view for view, _ in pairs.ordered})
        self._keys = {other for _, other in pairs.ordered}
        if losses[0].same_view:
            self._keys |= set(self._anchors)
        self.memory = Memory(
            negatives,
            dims=[
                self.branches[number].output_shape[-1]
                for number in self._of_view
            ],
            branch=self._of_view,
            keys=self._keys,
            examples=examples,
            seed=seed,
        )
        self._pieces = Pieces(pieces)
        self._mean_loss = replicas.RunningMean("loss")
        self.built = True

    def steps_done(self) -> int:
        """Returns how many steps it was trained for."""
        return int(self.optimizer.iterations.numpy())

    @property
    def learnt(self) -> list:
        """The variables that gradients change."""
        parts = (
            *self.branches,
            *self.predictors,
            *self.critics,
            *self.losses_used,
        )
        return [each for part in parts for each in part.trainable_variables]

    @property
    def followed(self) -> list:
        """The models that targets come from, one a branch."""
        return self.branches if self.twin is None else self.twin.branches

    @property
    def losses_used(self) -> list:
        """The loss layers, each once: all pairs may share one."""
        return list({id(each): each for each in self.contrasts}.values())

    def state(self) -> dict:
        """Returns every `tf.Variable` that training changes, by its path.

        Branches, twin, optimizer, memories, what losses know of the batches
        seen, and the running mean of the epoch's losses.
        """
        self.optimizer.build(self.learnt)
        parts = {
            "": self.branches,
            "predictor/": self.predictors,
            "places/": self.critics,
            "twin/": [] if self.twin is None else self.twin.branches,
        }
        owners = {
            f"{kind}{name}": each
            for kind, of_branches in parts.items()
            for name, each in zip(self._names, of_branches, strict=False)
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
            variable.assign(tf.cast(arrays[name], variable.dtype))

    @property
    def metrics(self):
        """The metrics that Keras resets at every epoch."""
        return [self._mean_loss]

    def train_step(self, batch):
        """Learns from one batch: views, branches, terms, update.

        Args:
            batch: `(pictures, draws, numbers)`, as `TrainingStream.batch`.

        Returns:
            `{"loss": mean over the epoch so far}`.
        """
        loss, gradients, left = self.differentiate(batch)
        self.optimizer.apply(gradients, self.learnt)
        self.keep(*left)
        self._mean_loss.update_state(replicas.add(loss))
        return self.logs(loss=self._mean_loss.result())

    def differentiate(self, batch):
        """Computes the objective of a batch and its gradients.

        Args:
            batch: As for `train_step`; this replica's share.

        Returns:
            `(loss, gradients, left)`: what this replica adds to the objective
            and to each learnt variable's gradient, scaled as the optimizer
            scales it back, to be summed over replicas; and what `keep` takes.
        """
        pictures, draws, numbers = batch
        step = tf.cast(self.optimizer.iterations, tf.int32)
        views = self._shown(pictures, draws)
        followed = None
        if self.twin is not None:
            followed = self._follow(views, step)
            views = {view: views[view] for view in self._anchors}
        added = []
        return self._pieces.differentiate(
            functools.partial(self._made, added=added),
            self._specs(views, self._embedders, self.predictors),
            views,
            functools.partial(
                self._judged,
                followed=followed,
                numbers=numbers,
                step=step,
                added=added,
            ),
            learnt=self.learnt,
            models=[*self.branches, *self.predictors, *self.critics],
        )

    def keep(self, targets, numbers, step):
        """Takes in what a step leaves, after the optimizer has moved.

        The twin follows, memories and losses take in the batch, and what each
        replica has of its share becomes the mean over all.

        Args:
            targets: View to `[batch, dim]` that anchors agree with, of the
                whole batch, or of a share alone where negatives are `local`.
            numbers: `[batch]`, which pictures these are.
            step: Steps done before this one.
        """
        if self.twin is not None:
            self.twin.update(self.branches, step)
        self.memory.remember(targets, numbers, step)
        for loss in self.losses_used:
            loss.keep(targets)
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

    def normalisations(self, *, followed: bool = False) -> list:
        """Returns the layers of batch normalisation.

        Args:
            followed: Whether those of the twin alone.
        """
        twins = self.twin.branches if self.twin is not None else ()
        parts = (*self.branches, *self.predictors, *self.critics)
        parts = () if followed else parts
        return [
            layer
            for part in (*parts, *twins)
            for layer in part._flatten_layers()
            if isinstance(layer, keras.layers.BatchNormalization)
        ]

    def _shown(self, pictures, draws):
        """The views of pictures, by their numbers."""
        shapes = zip(self._views.sides, self._views.channels, strict=True)
        views = self._pieces.make(
            lambda rows: self._views.convert(*rows),
            [tf.TensorSpec([None, side, side, of]) for side, of in shapes],
            (pictures, draws),
        )
        return dict(enumerate(views))

    def _embed(self, views, branches, added):
        """Embeddings of views; what layers add to the loss goes to `added`."""
        calls = {}
        for number, view in views.items():
            apart = number if self._each_view else None
            key = (self._of_view[number], view.shape[1], apart)
            calls.setdefault(key, []).append(number)
        found = {}
        for (branch, *_), members in calls.items():
            # The views of a picture follow each other, so that groups of rows
            # are of whole pictures.
            shown = tf.stack([views[number] for number in members], axis=1)
            rows = tf.reshape(shown, [-1, *shown.shape[2:]])
            outputs = branches[branch](rows, training=True)
            added += added_by(branches[branch])
            parts = tf.reshape(outputs, [-1, len(members), *outputs.shape[1:]])
            found |= dict(zip(members, tf.unstack(parts, axis=1), strict=True))
        return found

    def _made(self, views, added):
        """What the branches make of views, and the predictors of that."""
        online = self._embed(views, self._embedders, added)
        if not self.predictors:
            return (online,)
        predicted = {}
        for view, vectors in online.items():
            predictor = self.predictors[self._of_view[view]]
            predicted[view] = predictor(vectors, training=True)
            added += added_by(predictor)
        return online, predicted

    def _specs(self, views, *models):
        """The specs of what models make, each of all views, or of others."""
        outputs = [
            {view: of[self._of_view[view]].outputs[0] for view in views}
            for of in models
            if of
        ]
        return tf.nest.map_structure(
            lambda each: tf.TensorSpec(each.shape, each.dtype), tuple(outputs)
        )

    def _judged(self, made, followed, numbers, step, added):
        """The objective of what was made of a batch, and what it leaves."""
        anchors = self._scaled(made[-1])
        embeddings = self._scaled(made[0]) if self.predictors else anchors
        if not self.local:
            (numbers,) = replicas.gather([numbers])
            anchors, embeddings = self._gathered(anchors, embeddings)
        targets = self._target(embeddings if followed is None else followed)
        loss = self._objective(anchors, targets, numbers, step)
        loss += regularised(added, self.learnt, loss.dtype)
        loss = amplified(replicas.part_of(loss), self.optimizer)
        return loss, (targets, numbers, step)

    def _follow(self, views, step):
        """The twin's embeddings of the whole batch, or of a local share."""
        views = {view: views[view] for view in sorted(self._keys)}
        exchanged, own = _exchanged, replicas.own
        if self.local:
            exchanged = own = _as_it_is
        orders = {}
        if self.shuffled:
            views = exchanged(views)
            for view, rows in views.items():
                orders[view] = self._order(step, view, rows.shape[0])
                views[view] = own(tf.gather(rows, orders[view]))
        keys = exchanged(self._keys_of(views))
        return {
            view: tf.gather(each, tf.argsort(orders[view]))
            if self.shuffled
            else each
            for view, each in keys.items()
        }

    def _order(self, step, view, rows):
        """The order that the twin is shown the rows of a view in."""
        return order_of(self._seed, step, view, rows)

    def _keys_of(self, views):
        """What the twin makes of views."""
        twins = self.twin.branches
        # Nothing regularises what does not learn.
        make = functools.partial(self._embed, branches=twins, added=[])
        (like,) = self._specs(views, twins)
        return self._scaled(self._pieces.make(make, like, views, twins))

    def _scaled(self, vectors):
        """Unit length, or only float32 for a loss that wants them raw."""
        scale = normalise
        if self._raw:
            scale = functools.partial(tf.cast, dtype=tf.float32)
        return {view: scale(each) for view, each in vectors.items()}

    def _gathered(self, anchors, embeddings):
        """Both of the whole batch; exchanged once where they are one."""
        whole = _exchanged(anchors)
        if embeddings is anchors:
            return whole, whole
        # Nobody agrees with the branches' own where there is a twin.
        return whole, embeddings if self.twin else _exchanged(embeddings)

    def _objective(self, anchors, targets, numbers, step):
        """The sum over pairs of loss(anchors, candidates of the other)."""
        total = 0.0
        pairs = zip(self._pairs.ordered, self.contrasts, strict=True)
        for (view, other), loss in pairs:
            first, found, own = self._compared(
                view, other, anchors, targets, numbers, step
            )
            # Where an anchor's value depends on the others, all are anchors.
            alone = self.local or loss.together
            term = make_term(
                first,
                found,
                numbers=numbers,
                own=own if loss.same_view else None,
                mine=(lambda rows: rows) if alone else replicas.own,
            )
            total += loss.mean(term, shared=self.local, step=step, view=other)
        return (
            total if self._pairs.weight == 1.0 else total * self._pairs.weight
        )

    def _compared(self, view, other, anchors, targets, numbers, step):
        """Anchors, what they are compared with, and their own view's keys."""
        if self._pairs.places:
            found = of_places(targets[other][:, 1:], numbers)
            return anchors[view][:, 0], found, targets[view][:, 0]
        found = self.memory.candidates(
            targets[other], view, other, numbers, step
        )
        # A view that is no key has none of its own.
        return anchors[view], found, targets.get(view)


def added_by(layer) -> list:
    """Returns what the layers in one added to a loss when it was last called.

    What is of its weights alone, and of no call, is not among it.
    """
    found = layer.losses
    weights = [v for v in layer.trainable_weights if v.regularizer is not None]
    return found[: len(found) - len(weights)]


def regularised(added: list, learnt: list, dtype):
    """Sums what layers add to a loss, each once.

    Args:
        added: What they added call by call, as `added_by` tells it.
        learnt: The variables that learn, whose own regularizers count too.
        dtype: Of the loss.

    Returns:
        A scalar of that type.
    """
    own = [v.regularizer(v) for v in learnt if v.regularizer is not None]
    return sum(
        (tf.cast(each, dtype) for each in (*added, *own)), tf.zeros([], dtype)
    )


def order_of(seed: int, step, view: int, batch: int):
    """Draws the order that a twin is shown a view of a batch in.

    Args:
        step: Steps done, an int32 scalar.
        view: Number of the view.
        batch: How many pictures there are.

    Returns:
        `[batch]`: what stands at each place of the new order.
    """
    seed = tf.random.experimental.stateless_fold_in(
        tf.stack([seed, step]), view
    )
    return tf.argsort(tf.random.stateless_uniform([batch], seed))


def _as_it_is(rows):
    """What nothing is exchanged of."""
    return rows


def _exchanged(shares):
    """View to the whole batch, of view to each replica's share."""
    whole = replicas.gather(list(shares.values()))
    return dict(zip(shares, whole, strict=True))


def _by_path(variables):
    """Yields variables by their paths, numbered as in this model alone."""
    # Keras numbers the layers that have no name over the whole process: the
    # same model, made a second time, would have other paths.
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
        if variable.name not in ALONE:
            # Optimizers make one of a kind for each variable, in their order.
            of = f"/{learnt[found[kind]]}"
            found[kind] += 1
        yield f"optimizer/{variable.name if not of else kind}{of}", variable
