"""What a plan trains: views, branches, the model, and what reads them.

Made once for pictures of one side; everything that is random at the start is a
function of the plan's seed.
"""

import contextlib
import functools
import math

from tfcmc.data.stream import TrainingStream
from tfcmc.distribute.pieces import is_alone
from tfcmc.encoders import (
    FEATURES,
    load_encoder,
    make_branch,
    make_critic,
    read_trained_as,
)
from tfcmc.evaluation.collapse_values import collapse_losses
from tfcmc.evaluation.doctor import Patient
from tfcmc.evaluation.features import Reader
from tfcmc.evaluation.statistics_leak import StatisticsLeak
from tfcmc.experiment.refusals import PREDICTION, kind_of
from tfcmc.foundation.errors import UsageError, must, reason_of
from tfcmc.foundation.lazy import keras
from tfcmc.foundation.own import drawing
from tfcmc.foundation.variables import assign
from tfcmc.losses.layer import Loss, make_losses
from tfcmc.model import ContrastiveModel
from tfcmc.runs.identity import origin_of
from tfcmc.runs.record import identity_of, picture_side
from tfcmc.targets.twin import Twin

CRITICS = 1000  # what is added to the seed of the heads of maps
FRESH = 2  # what is added to the seed of a twin that starts apart
BUILT = ("encoder", "head")  # what a branch is made of
NO_FILES = "--data={data}, which has no image files to decode"
POLICIES = {
    "float32": "float32",
    "bfloat16": "mixed_bfloat16",
    "float16": "mixed_float16",
    "float64": "float64",
}


class Architecture:
    """What a plan trains, on pictures of one side.

    Attributes:
        trained: The `Views` that are learnt from, as `--crop-from` has them.
        views: Those that held-out pictures are judged in, at the side that
            they are read at.
        pairs: The `Pairs`.
        replicas: How many devices train together, or have.
        start: The `Start` of its weights; None where they are drawn.
        origin: What `tfcmc.runs.identity.origin_of` tells of a training.
        epochs: Those that branches which were loaded were trained for, at
            most: a longer training may be on its way. None where none were.

    Args:
        picture_side: Side of the pictures, in pixels.
    """

    def __init__(self, plan, picture_side: int, replicas: int = 1, start=None):
        self.replicas = replicas
        self.start = start
        self.origin = {}
        self.epochs = None
        self.trained = read = plan.views_of(picture_side)
        self._compared = read.of_held_out
        if plan.config.read_side is not None:
            read = plan.views_of(picture_side, plan.config.read_side)
        self.views = read.of_held_out
        self._read_shapes = read.shapes
        self._read_alike = read.shapes == self.trained.shapes
        if plan.config.crop_from == "whole":
            self.trained = self.trained.cut
            if self.trained is None:
                refuse_whole(plan, "--views={views}, which have no boxes")
        self.pairs = plan.pairs.function(len(self.trained.names))
        self._plan = plan
        self._read_by = None, None  # models, and their `Reader`
        self._check_branches()

    def _check_branches(self):
        """Refuses sides that do not fit, and branches without a gradient."""
        views = {view for view, _ in self.pairs.ordered}
        plan = self._plan
        several = any(None in each for each in self.trained.shapes.values())
        if several and plan.encoder.member.extra.get("flattens"):
            raise must(
                "encoder",
                "one that takes views of any side, such as resnet, where "
                "those of a branch have several",
                plan.encoder.spec,
            )
        # What anchors are compared with has no gradient, or is remembered.
        if not (
            plan.target.member.extra.get("stops")
            or plan.negatives.member.extra.get("remembers")
        ):
            views |= {other for _, other in self.pairs.ordered}
        learning = {self.trained.branch[view] for view in views}
        if idle := sorted({*self.trained.branches} - learning):
            raise must(
                "pairs",
                f"such that every branch learns with "
                f"--target={plan.target.name} and "
                f"--negatives={plan.negatives.name}, or nothing trains "
                f"{idle[0]}",
                plan.pairs.spec,
            )

    def branches(self, seed: int | None = None) -> dict:
        """Returns branch name to model, with the initial weights of a seed.

        The same for every branch: the views of one picture begin more alike
        than views of two pictures, and there is something to learn from.

        Args:
            seed: None for the plan's.
        """
        return self._made(self.trained.shapes, seed)

    def read_branches(self, seed: int | None = None) -> dict:
        """Returns the same at the side that pictures are read at."""
        return self._made(self._read_shapes, seed)

    def _made(self, shapes, seed):
        encoder, head = map(self._plan.builder, ("encoder", "head"))
        seed = self._plan.config.seed if seed is None else seed
        with _precision(self._plan.config.precision):
            found = {
                name: make_branch(encoder, head, shape, seed)
                for name, shape in shapes.items()
            }
        self._check_alike(found)
        return found

    def _check_alike(self, branches):
        """Refuses branches whose embeddings cannot be compared."""
        dims = {name: each.output_shape[-1] for name, each in branches.items()}
        if len({*dims.values()}) > 1:
            axis = "encoder" if self._plan.head.name == "none" else "head"
            spec = getattr(self._plan, axis).spec
            told = ", ".join(f"{dim} for {name}" for name, dim in dims.items())
            raise must(
                axis,
                "of as many dimensions for every branch, as --head=linear "
                "makes them, to be compared",
                f"{spec} ({told})",
            )

    def as_read(self, branches: dict) -> dict:
        """Returns branches at the side that pictures are read at.

        Returns:
            Those given, where that is theirs; else others of their weights.

        Raises:
            UsageError: if the weights or the vectors are not the same ones at
                both sides.
        """
        if self._read_alike:
            return branches
        found = self.read_branches()
        for name, branch in branches.items():
            mine, other = map(_form, (branch, found[name]))
            if mine != other:
                raise must(
                    "read-side",
                    "left out with an encoder whose weights or vectors "
                    "depend on the side of what it sees",
                    self._plan.config.read_side,
                )
        _copy(branches, found)
        return found

    def initial(self) -> dict:
        """Returns the same with the weights that training starts from."""
        branches = self.branches()
        if self.start is not None:
            self.start.apply(branches)
        return branches

    def predictors(self, branches: dict) -> dict:
        """Returns branch name to what its anchors go through; often empty.

        Raises:
            UsageError: if it gives other dimensions than it is to predict.
        """
        if self._plan.predictor.name == "none":
            return {}
        found, predictor = {}, self._plan.builder("predictor")
        # Its name stands in the path of its variables.
        with (
            _precision(self._plan.config.precision),
            keras.name_scope("predictor"),
        ):
            for name, branch in branches.items():
                embeddings = keras.Input(branch.output_shape[1:])
                seed = self._plan.config.seed + 1
                predicted = predictor(embeddings, seed)
                if predicted.shape != embeddings.shape:
                    raise must(
                        "predictor",
                        f"of as many dimensions as what it predicts, "
                        f"{embeddings.shape[-1]}",
                        self._plan.predictor.spec,
                    )
                found[name] = keras.Model(embeddings, predicted)
        return found

    def critics(self, branches: dict) -> dict:
        """Returns branch name to what its map goes through; often empty."""
        if not self.pairs.places:
            return {}
        seed = self._plan.config.seed + CRITICS
        head = self._plan.builder("head")
        # Its name stands in the path of its variables.
        with (
            _precision(self._plan.config.precision),
            keras.name_scope("places"),
        ):
            return {
                name: make_critic(branch, head, seed)
                for name, branch in branches.items()
            }

    def load(self, run) -> dict:
        """Loads the trained branches of a run; nothing in them is executed.

        Returns:
            Branch name to `keras.Model`.

        Raises:
            UsageError: if one is missing, damaged or not of this run.
        """
        identity, found, first = identity_of(run), {}, None
        for name, like in self.read_branches().items():
            path = run.encoders / f"{name}.keras"
            found[name] = load_encoder(path, like, identity)
            trained_as = read_trained_as(path)
            first = first or trained_as
            if trained_as != first:
                raise UsageError(
                    f"`run` must hold encoders of one training. Received: "
                    f"{run.encoders}, of which some were saved before the "
                    f"others.\nThe command that trained it writes them again."
                )
            self.origin = origin_of(trained_as)
            self.epochs = trained_as["settings"]["epochs"]
        return found

    def reader(self, branches: dict) -> Reader:
        """Returns what encodes pictures with branches that are read."""
        models = list(branches.values())
        if models != self._read_by[0]:  # else it is traced and compiled
            self._read_by = models, Reader(self.views, models)
        return self._read_by[1]

    def follower(self, branches: dict) -> Reader:
        """Returns what encodes pictures with branches that go on learning."""
        read = self.as_read(branches)
        if read is branches:
            return self.reader(branches)
        follow = functools.partial(_copy, branches, read)
        return Reader(self.views, list(read.values()), follow)

    def stream(self, pictures) -> TrainingStream:
        """Returns the batches of an endless training on pictures."""
        config = self._plan.config
        if self.trained.boxes and not getattr(pictures, "whole", False):
            refuse_whole(self._plan, NO_FILES)
        return TrainingStream(
            pictures,
            self.trained,
            batch_size=config.batch_size,
            seed=config.seed,
        )

    def twin(self, target, steps: int, begun: int = 0) -> Twin | None:
        """Returns the twin of the branches that a target compares with.

        Args:
            steps: All that there will be.
            begun: Those done where the course of its weight begins.

        Returns:
            The `Twin`; None where the branches are compared themselves.
        """
        if target.init is None:
            return None
        # A fresh one would undo what the branches start from.
        if target.init == "fresh" and self.start is None:
            branches = self.branches(self._plan.config.seed + FRESH)
        else:
            branches = self.initial()

        def weight(step):
            return target.weight(step - begun, steps - begun)

        return Twin(list(branches.values()), weight)

    def model(
        self, branches: dict, examples: int, steps: int, restarts: tuple = ()
    ) -> ContrastiveModel:
        """Returns the model that trains these branches, not yet compiled.

        Args:
            examples: Number of training pictures.
            steps: All that there will be.
            restarts: Those done where a longer training began.
        """
        target = self._plan.target.function()
        return ContrastiveModel(
            self.trained,
            branches,
            predictors=self.predictors(branches),
            critics=self.critics(branches),
            losses=make_losses(
                self._plan.loss,
                self.pairs.ordered,
                self.trained.names,
                dim=next(iter(branches.values())).output_shape[-1],
                seed=self._plan.config.seed,
                # What a loss holds at first, it has held already.
                steps=restarts[0] if restarts else steps,
            ),
            pairs=self.pairs,
            target=target,
            twin=self.twin(target, steps, restarts[-1] if restarts else 0),
            negatives=self._plan.negatives.function(),
            examples=examples,
            seed=self._plan.config.seed,
            each_view=self._plan.batch_norm.options["each_view"],
            pieces=self._plan.pieces,
        )

    def check_read(self) -> None:
        """Refuses a side to read at that makes another encoder."""
        if not self._read_alike:
            self.as_read(self.branches())

    def check_saved(self) -> None:
        """Refuses own layers that are not new each time, or not read back."""
        code = self._plan.code()
        own = [axis for axis in (*BUILT, "predictor") if axis in code]
        if not own:
            return
        sets = [self.branches(), self.branches()]
        made = [branch for each in sets for branch in each.values()]
        made += [p for each in sets for p in self.predictors(each).values()]
        weights = [id(each) for model in made for each in model.weights]
        if len({*weights}) < len(weights):
            told = "a function that makes new layers at every call"
            specs = [getattr(self._plan, axis).spec for axis in own]
            raise must(" or ".join(own), told, " or ".join(specs))
        # A predictor is kept by its variables alone.
        own = [axis for axis in own if axis in BUILT]
        # Of another shape it may have other layers.
        shapes = {each.input_shape: each for each in sets[0].values()}
        for branch in shapes.values() if own else ():
            self._check_read_back(branch, own)

    def _check_read_back(self, branch, own):
        """Refuses a branch of one's own that would not be loaded again."""
        with drawing(self._plan.config.seed):
            try:
                keras.models.model_from_json(branch.to_json())
            except Exception as error:
                # Whatever the user's layers do.
                specs = [getattr(self._plan, axis).spec for axis in own]
                raise must(
                    " or ".join(own),
                    "of layers that Keras reads back: its own but Lambda, and "
                    "those that keras.saving.register_keras_serializable() "
                    "knows",
                    f"{' or '.join(specs)} ({reason_of(error)})",
                ) from None

    def check_pieces(self) -> None:
        """Refuses what makes others of pictures in pieces than in a batch."""
        if self._plan.pieces == 1:
            return
        branches, side = self.branches(), self._plan.config.side
        heads = self.predictors(branches), self.critics(branches)
        for name, model in branches.items():
            models = [model, *(each[name] for each in heads if each)]
            if not all(is_alone(each, side) for each in models):
                raise must(
                    "microbatch",
                    "left out with an encoder or head that makes something "
                    "else of a picture beside others, or draws by other "
                    "seeds than Keras's SeedGenerator",
                    self._plan.config.microbatch,
                )

    def leak(self, model: ContrastiveModel) -> StatisticsLeak | None:
        """Returns what measures how batch statistics tell positives.

        Returns:
            None where a key has the statistics of all that it is compared
            with, or no more of its positive's than of the others'.
        """
        together = self._plan.batch_norm.name == "synchronized"
        groups = self._plan.batch_norm.options.get("groups", self.replicas)
        several = not together and groups > 1
        told = {"queue": together, "batch": several and model.twin is None}
        if not (
            told.get(self._plan.negatives.name)
            and model.contrasts[0].has_negatives
            and not model.shuffled
            and model.normalisations()
            and len(self.views.names) > 1
            and not self.pairs.places
        ):
            return None
        batch = self._plan.config.batch_size
        return StatisticsLeak(
            self._compared,
            self.pairs.ordered[0],
            list(self.branches().values()),
            batch // groups if several else batch,
        )

    def patient(self, branches: dict, examples: int, images: int) -> Patient:
        """Returns what the collapse doctor has to know of a run.

        Args:
            examples: Number of training pictures.
            images: Number of pictures that every epoch is measured on.
        """
        features = sum(
            branch.get_layer(FEATURES).output.shape[-1]
            for branch in branches.values()
        )
        negatives = self._plan.negatives.function()
        apart = self.replicas if negatives.local else 1
        first = next(iter(branches.values()))
        collapsed = collapse_losses(
            functools.partial(Loss, self._plan.loss),
            negatives,
            self.pairs,
            batch=self._plan.config.batch_size // apart,
            dim=first.output_shape[-1],
            examples=examples,
            places=self._places(branches),
        )
        if kind_of(self._plan.loss.member) == PREDICTION:
            # One point is its best value, which a good prediction has too.
            del collapsed["one point"]
        return Patient(
            names=self.views.names,
            branches=self.views.branches,
            dims=min(features, images),
            collapse_losses=collapsed,
        )

    def _places(self, branches):
        """How many places a view has; 0 where pairs are not of places."""
        if self.pairs.places and not self._read_alike:
            branches = self.branches()  # not as they are read
        for critic in self.critics(branches).values():
            return math.prod(critic.output_shape[1:-1])
        return 0


def open_trained(plan, run) -> tuple:
    """Loads what a run trained by a plan.

    Returns:
        `(architecture, branches)`, for pictures of the side that it had.

    Raises:
        UsageError: if it holds no trained encoders of its own.
    """
    identity = identity_of(run)
    architecture = Architecture(plan, picture_side(run), identity["replicas"])
    return architecture, architecture.load(run)


def refuse_whole(plan, why: str):
    """Refuses to cut views out of whole pictures.

    Args:
        why: With what that is not possible; `{views}` and `{data}` are its.
    """
    why = why.format(views=plan.views.spec, data=plan.data.spec)
    raise must("crop-from", f"square with {why}", plan.config.crop_from)


def _form(model):
    """What a model of views of one side has in common with one of another."""
    kinds = [type(layer) for layer in model.layers]
    return kinds, [each.shape for each in (*model.outputs, *model.weights)]


def _copy(branches, others):
    """Gives other branches of the same names the weights of branches."""
    for name, branch in branches.items():
        assign(others[name].weights, branch.weights)


@contextlib.contextmanager
def _precision(name):
    """Builds layers that compute in a precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(POLICIES[name])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
