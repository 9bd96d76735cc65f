"""A method as tfcmc trains it, step by step, and what repeating it takes.

`benchmarks.methods` runs it in a process of its own.
"""

import pathlib

import numpy as np

from benchmarks import child
from tfcmc.data.pictures import ArrayPictures
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.experiment.train import compiled
from tfcmc.foundation.lazy import keras
from tfcmc.model import order_of

# What a recipe has of the options of the plan's members.
OPTIONS = {
    "loss": ("temperature",),
    "batch_norm": ("groups",),
    "optimizer": ("momentum", "weight_decay", "trust", "classic"),
}


def measure(*, folder, method, settings, steps, threads) -> dict:
    """Trains for some steps, all of one epoch, and leaves how.

    Args:
        folder: Where it writes start.npz, the weights, queue and orders of
            keys at the start; views.npy, `[steps, views, batch, side, side,
            3]`; and pictures.npy, what they are views of.
        method: Its name.
        settings: Of the run, name to value.
        steps: How many.
        threads: For TensorFlow.

    Returns:
        The losses, and the recipe: what PyTorch has to be told.
    """
    child.set_tensorflow_threads(threads)
    plan = make_plan(make_config(settings | {"epochs": 1}), check_data=False)
    config = plan.config
    shown = _patches(steps * config.batch_size, config.side)
    pictures = ArrayPictures(shown)
    architecture = Architecture(plan, pictures.side)
    branches = architecture.branches()
    model = compiled(plan, architecture, branches, pictures, steps)
    stream = architecture.stream(pictures)
    folder = pathlib.Path(folder)
    np.save(folder / "pictures.npy", shown)
    np.savez(folder / "start.npz", **start_of(model, config, steps))
    convert = architecture.trained.convert
    shown = [
        [each.numpy() for each in convert(*stream.batch(step)[:2])]
        for step in range(steps)
    ]
    np.save(folder / "views.npy", np.asarray(shown, np.float32))
    losses = []

    def note(step, logs):
        del step
        losses.append(float(logs["loss"]))
        model.reset_metrics()

    model.fit(
        stream.dataset(0, steps),
        steps_per_epoch=steps,
        shuffle=False,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=note)],
    )
    recipe = recipe_of(plan, steps) | {"method": method}
    return {"losses": losses, "recipe": recipe}


def recipe_of(plan, steps: int) -> dict:
    """Returns the numbers of a plan that a method in PyTorch takes."""
    config = plan.config
    found = {
        name: getattr(plan, axis).options[name]
        for axis, names in OPTIONS.items()
        for name in names
        if name in getattr(plan, axis).options
    }
    target = plan.target.options
    return found | {
        "optimizer": plan.optimizer.name,
        "rate": config.learning_rate,
        "warmup": config.warmup,
        "precision": config.precision,
        "batch_size": config.batch_size,
        "steps": steps,
        "target": [target.get("start"), target.get("end")],
    }


def start_of(model, config, steps: int) -> dict:
    """Returns the arrays that a training starts from, by part and name."""
    parts = {"branch": model.branches, "predictor": model.predictors}
    if model.twin is not None:
        parts["twin"] = model.twin.branches
    found = {
        f"{part}/{layer.name}/{weight.name}": weight.numpy()
        for part, models in parts.items()
        for network in models
        for layer in network.layers
        for weight in layer.weights
    }
    for name, variable in model.state().items():
        if name.startswith("memory/"):
            found["queue"] = variable.numpy()
            found["orders"] = orders_of(config, steps)
    return found


def orders_of(config, steps: int):
    """Returns the orders that keys are encoded in, `[steps, views, batch]`."""
    return np.array(
        [
            [
                order_of(config.seed, step, view, config.batch_size).numpy()
                for view in range(2)
            ]
            for step in range(steps)
        ]
    )


def _patches(count, side):
    """Random pictures of patches, `[count, side, side, 3]` bytes."""
    rng = np.random.default_rng(0)
    patches = rng.integers(0, 256, (count, 4, 4, 3), np.uint8)
    whole = patches.repeat(-(-side // 4), 1).repeat(-(-side // 4), 2)
    return whole[:, :side, :side]
