"""The weights that a training starts from, where they are not drawn."""

import dataclasses
import os

from tfcmc.data.base import DEFAULT_SIDE
from tfcmc.encoders import FEATURES, encoder_of, read_encoder
from tfcmc.evaluation.features import weights_hash
from tfcmc.experiment.architecture import Architecture, open_trained
from tfcmc.experiment.recipe import Plan, stored_plan
from tfcmc.foundation.errors import UsageError, must, reason_of
from tfcmc.foundation.variables import assign
from tfcmc.runs.folder import Run
from tfcmc.training.checkpoints import Checkpoints


@dataclasses.dataclass(frozen=True)
class Start:
    """Where weights come from, and what they are.

    Attributes:
        origin: `place`, as the user named it, and `sha256`, branch name to
            the hash of the weights there.
        features: Branch name to the weights as far as the features; empty
            where the training is past its first step.
        heads: Branch name to those of what comes after.
    """

    origin: dict
    features: dict
    heads: dict

    def apply(self, branches: dict) -> None:
        """Sets the weights of branches, of heads where they fit."""
        for name in self.features:
            features, head = parts_of(branches[name])
            assign(features, self.features[name])
            if _shapes(head) == _shapes(self.heads[name]):
                assign(head, self.heads[name])


def read_start(plan: Plan) -> Start | None:
    """Reads the weights that a plan starts from, before its pictures are.

    Returns:
        A `Start`; None where weights are drawn.

    Raises:
        UsageError: if they are missing, damaged, or do not fit.
    """
    place = plan.config.init
    if place is None:
        return None
    if noted := _noted(place, Run(plan.config.run_dir)):
        return noted
    if not os.path.exists(place):
        raise must("init", "a run folder, or a .keras file", place)
    # The pictures' own side does not change what the branches are.
    source = plan.crop.options.get("source", 0)
    side = plan.config.picture_side or max(DEFAULT_SIDE, source)
    branches = Architecture(plan, side).read_branches()
    if os.path.isdir(place):
        _, found = open_trained(*stored_plan(place, check_data=False))
    else:
        found = _file(place, branches, plan)
    if told := _misfits(found, branches):
        raise UsageError(
            f"`init` must be weights of encoders like these. Received: "
            f"{place}, which has {told}"
        )
    parts = {name: parts_of(found[name]) for name in branches}
    start = Start(
        {
            "place": place,
            "sha256": {name: weights_hash(found[name]) for name in branches},
        },
        {name: _arrays(features) for name, (features, _) in parts.items()},
        {name: _arrays(head) for name, (_, head) in parts.items()},
    )
    print(f"starts from the weights of {place}")
    for name, branch in branches.items():
        head = parts_of(branch)[1]
        if _shapes(head) != _shapes(start.heads[name]):
            print(f"  note: the head of {name} is another, and starts anew")
    return start


def _noted(place, run):
    """Returns the start of a run that goes on from there, or None."""
    saved = Checkpoints(run.checkpoints).latest()
    origin = saved and saved.state["identity"].get("init")
    # One without a saved step that was done from there begins anew.
    if not origin or not saved.step or origin["place"] != place:
        return None
    if not os.path.exists(place):
        print(f"  note: {place} is gone: what is saved goes on without it")
    return Start(origin, {}, {})


def _file(place, branches, plan):
    """Returns branch name to the encoder in a file, with a head or without."""
    if len(branches) > 1:
        raise must(
            "init",
            f"a run folder for the branches {' and '.join(branches)}",
            place,
        )
    ((name, branch),) = branches.items()
    told, shape = [], branch.input_shape[1:]
    # The last as its function makes it, which may be no functional model.
    own = plan.builder("encoder")(shape, plan.config.seed)
    for like in (branch, encoder_of(branch), own):
        try:
            return {name: read_encoder(place, like)}
        except Exception as error:
            # A damaged file fails as zip, JSON, HDF5 or Keras sees it.
            told.append(reason_of(error))
    raise must("init", "an encoder like this one", f"{place} ({told[0]})")


def parts_of(branch) -> tuple:
    """Returns the variables of a branch as far as its features, and others."""
    if FEATURES not in [layer.name for layer in branch.layers]:
        return branch.weights, []
    encoder = encoder_of(branch)
    known = {id(each) for each in encoder.weights}
    return encoder.weights, [
        each for each in branch.weights if id(each) not in known
    ]


def _misfits(found, wanted):
    """Says in what branches differ; empty where they do not."""
    if missing := sorted(set(wanted) - set(found)):
        return f"branches {sorted(found)} and not {missing}"
    for name in wanted:
        theirs, ours = (parts_of(each[name])[0] for each in (found, wanted))
        if len(theirs) != len(ours):
            return f"{len(theirs)} weights in {name} and not {len(ours)}"
        for their, our in zip(theirs, ours, strict=True):
            if their.shape != our.shape:
                return (
                    f"{list(their.shape)} for {our.path} of {name} and not "
                    f"{list(our.shape)}"
                )
    return ""


def _shapes(weights):
    return [tuple(each.shape) for each in weights]


def _arrays(variables):
    return [each.numpy() for each in variables]
