"""SimCLR, MoCo for small pictures and BYOL in plain PyTorch, for comparison.

Written from the papers' algorithms, as a user would: nn.BatchNorm2d, autograd,
torch.optim, a loop. It trains from the weights that tfcmc starts at, on the
views that tfcmc makes. `benchmarks.methods` runs it in a process of its own.
"""

import math
import pathlib
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

EPSILON = 1e-5  # of batch normalisation
BLOCKS = 2  # a stage: ResNet-18


class SplitNorm2d(nn.BatchNorm2d):
    """Normalises each of several groups of the batch by itself.

    Picture i is of group i modulo their number: so the groups are channels of
    fewer pictures, and nothing is copied.
    """

    def __init__(self, channels, groups):
        super().__init__(channels, eps=EPSILON)
        self.groups = groups

    def forward(self, pictures):
        """`[batch, channels, height, width]` to the same."""
        if not self.training:
            return super().forward(pictures)
        count, _, height, width = pictures.shape
        own = (self.running_mean, self.running_var, self.weight, self.bias)
        mean, variance, weight, bias = (
            each.repeat(self.groups) for each in own
        )
        folded = pictures.reshape(count // self.groups, -1, height, width)
        outputs = functional.batch_norm(
            folded, mean, variance, weight, bias, True, self.momentum, self.eps
        )
        with torch.no_grad():
            for moving, each in zip(own[:2], (mean, variance), strict=True):
                moving.copy_(each.view(self.groups, -1).mean(0))
        return outputs.reshape(pictures.shape)


class Network(nn.Module):
    """A residual network with its head, or a predictor, of given weights.

    Args:
        start: Name of a layer and of its weight to array, as Keras has them.
        groups: Of batch normalisation; 1 for the whole batch.
    """

    def __init__(self, start, groups=1):
        super().__init__()
        self.groups = groups
        self.layers = nn.ModuleDict()
        for name in dict.fromkeys(each.partition("/")[0] for each in start):
            found = {
                weight: torch.tensor(start[f"{name}/{weight}"])
                for weight in ("kernel", "bias", "gamma", "beta")
                if f"{name}/{weight}" in start
            }
            self.layers[name] = self._layer(name, found, start)

    def _layer(self, name, found, start):
        """The layer of a name, with its weights."""
        kernel = found.get("kernel")
        if kernel is None:
            flat = not name.startswith(("stem", "stage"))
            return self._norm(start[f"{name}/moving_mean"], found, flat)
        if kernel.ndim == 2:
            layer = nn.Linear(*kernel.shape, bias="bias" in found)
            layer.weight.data = kernel.T.contiguous()
            if "bias" in found:
                layer.bias.data = found["bias"]
            return layer
        size, _, inputs, outputs = kernel.shape
        first = name.endswith(("block_1_convolution_1", "shortcut"))
        halves = size == 7 or (first and not name.startswith("stage_1"))
        layer = nn.Conv2d(
            inputs, outputs, size, 1 + halves, padding=size // 2, bias=False
        )
        layer.weight.data = kernel.permute(3, 2, 0, 1).contiguous()
        return layer

    def _norm(self, moving, found, flat):
        """Batch normalisation; what it does not learn stays 1, or 0."""
        channels = len(moving)
        if self.groups > 1:
            layer = SplitNorm2d(channels, self.groups)
        else:
            kind = nn.BatchNorm1d if flat else nn.BatchNorm2d
            layer = kind(channels, eps=EPSILON)
        for ours, theirs in (("gamma", layer.weight), ("beta", layer.bias)):
            theirs.requires_grad = ours in found
            if ours in found:
                theirs.data = found[ours]
        return layer

    def forward(self, inputs):
        """`[batch, channels, side, side]`, or features, to `[batch, dim]`."""
        if "stem" in self.layers:
            inputs = self._features(inputs)
        return self._head(inputs)

    def _features(self, pictures):
        hidden = functional.relu(self._normed("stem", pictures))
        if self.layers["stem"].kernel_size[0] == 7:
            hidden = functional.max_pool2d(hidden, 3, 2, padding=1)
        for stage in range(1, 5):
            for block in range(1, BLOCKS + 1):
                name = f"stage_{stage}_block_{block}"
                inner = functional.relu(
                    self._normed(f"{name}_convolution_1", hidden)
                )
                inner = self._normed(f"{name}_convolution_2", inner)
                if f"{name}_shortcut" in self.layers:
                    hidden = self._normed(f"{name}_shortcut", hidden)
                hidden = functional.relu(inner + hidden)
        return hidden.mean((2, 3))

    def _normed(self, name, inputs):
        return self.layers[f"{name}_norm"](self.layers[name](inputs))

    def _head(self, features):
        """Linear layers, each normalised or not, with a ReLU between two."""
        rest = [
            layer
            for name, layer in self.layers.items()
            if not name.startswith(("stem", "stage"))
        ]
        for number, layer in enumerate(rest):
            if number and isinstance(layer, nn.Linear):
                features = functional.relu(features)
            features = layer(features)
        return features


class LARS(torch.optim.Optimizer):
    """Layer-wise adaptive rate scaling.

    Vectors are neither decayed nor scaled. With `classic` the learning rate
    is inside the velocity.
    """

    def __init__(self, parameters, *, momentum, weight_decay, trust, classic):
        super().__init__(parameters, {"lr": 0.0})
        self.momentum, self.decay = momentum, weight_decay
        self.trust, self.classic = trust, classic

    @torch.no_grad()
    def step(self):
        """Moves every parameter by its gradient."""
        for group in self.param_groups:
            for weights in group["params"]:
                self._move(weights, group["lr"])

    def _move(self, weights, rate):
        step = weights.grad
        if weights.ndim > 1:
            step = step + self.decay * weights
            lengths = weights.norm(), step.norm()
            if min(lengths) > 0:
                step = step * (self.trust * lengths[0] / lengths[1])
        if self.classic:
            step = step * rate
        state = self.state[weights]
        velocity = state.setdefault("velocity", torch.zeros_like(weights))
        velocity.mul_(self.momentum).add_(step)
        weights.sub_(velocity if self.classic else rate * velocity)


def learning_rate(recipe, step):
    """Rises in a line, then falls along half a cosine."""
    warm_up = round(recipe["warmup"] * recipe["steps"])
    if step < warm_up:
        return recipe["rate"] * step / warm_up
    done = (step - warm_up) / max(1, recipe["steps"] - warm_up)
    return recipe["rate"] * (1 + math.cos(math.pi * min(1.0, done))) / 2


@torch.no_grad()
def follow(target, online, weight):
    """Moves a target's parameters towards those learnt."""
    pairs = zip(target.parameters(), online.parameters(), strict=True)
    for kept, learnt in pairs:
        kept.mul_(weight).add_(learnt, alpha=1 - weight)


class SimCLR:
    """Views of the whole batch, in one call, told from each other."""

    def __init__(self, start, recipe):
        self.branch = Network(start["branch"])
        self.learnt = [self.branch]
        self._temperature = recipe["temperature"]

    def loss(self, views, step):
        """Of two views `[batch, channels, side, side]`."""
        del step
        found = functional.normalize(self.branch(torch.cat(views)))
        logits = found @ found.T / self._temperature
        logits.fill_diagonal_(-math.inf)
        count = len(found)
        positive = (torch.arange(count) + count // 2) % count
        # The mean over anchors of each view, summed over the views.
        return 2 * functional.cross_entropy(logits, positive)

    def after(self, step):
        """Nothing follows a step."""


class BYOL:
    """Each view's prediction of what the target makes of the other."""

    def __init__(self, start, recipe):
        self.branch = Network(start["branch"])
        self.predictor = Network(start["predictor"])
        self.target = Network(start["twin"]).requires_grad_(False)
        self.learnt = [self.branch, self.predictor]
        self._recipe = recipe

    def loss(self, views, step):
        """Of two views `[batch, channels, side, side]`."""
        del step
        with torch.no_grad():
            wanted = [functional.normalize(self.target(v)) for v in views]
        predicted = [
            functional.normalize(self.predictor(self.branch(v))) for v in views
        ]
        first = 2 - 2 * (predicted[0] * wanted[1]).sum(1)
        second = 2 - 2 * (predicted[1] * wanted[0]).sum(1)
        return (first + second).mean()

    def after(self, step):
        """The target follows."""
        start, end = self._recipe["target"]
        share = (math.cos(math.pi * step / self._recipe["steps"]) + 1) / 2
        follow(self.target, self.branch, end - (end - start) * share)


class MoCo:
    """Symmetric MoCo with a queue, as for small pictures."""

    def __init__(self, start, recipe):
        self.branch = Network(start["branch"], recipe["groups"])
        self.target = Network(start["twin"], recipe["groups"])
        self.target.requires_grad_(False)
        self.learnt = [self.branch]
        self.queue = torch.tensor(start["queue"][""])
        self._recipe = recipe
        self._orders = torch.tensor(start["orders"][""])
        groups, count = recipe["groups"], recipe["batch_size"]
        # tfcmc's groups are pictures that follow each other.
        order = torch.arange(count).view(groups, -1).T.reshape(-1)
        self._folded, self._back = order, order.argsort()

    def _encode(self, network, view):
        found = network(view[self._folded])[self._back]
        return functional.normalize(found)

    def loss(self, views, step):
        """Of two views `[batch, channels, side, side]`."""
        if step:
            follow(self.target, self.branch, self._recipe["target"][0])
        with torch.no_grad():
            self.keys = []
            for view, order in zip(views, self._orders[step], strict=True):
                shuffled = self._encode(self.target, view[order])
                self.keys.append(shuffled[order.argsort()])
        queries = [self._encode(self.branch, view) for view in views]
        return self._told(queries[0], self.keys[1]) + self._told(
            queries[1], self.keys[0]
        )

    def _told(self, queries, keys):
        """Cross-entropy of the positive among it and the queue."""
        positive = (queries * keys).sum(1, keepdim=True)
        logits = torch.cat([positive, queries @ self.queue.T], dim=1)
        first = torch.zeros(len(queries), dtype=torch.int64)
        return functional.cross_entropy(
            logits / self._recipe["temperature"], first
        )

    def after(self, step):
        """The keys of this step take the place of the oldest."""
        keys = torch.cat(self.keys)
        rows = (step * len(keys) + torch.arange(len(keys))) % len(self.queue)
        self.queue[rows] = keys


METHODS = {"simclr": SimCLR, "byol": BYOL, "moco_cifar": MoCo}


def optimizer_of(method, recipe):
    """LARS, or SGD with weight decay in the gradient."""
    learnt = [
        each
        for part in method.learnt
        for each in part.parameters()
        if each.requires_grad
    ]
    options = {name: recipe[name] for name in ("momentum", "weight_decay")}
    if recipe["optimizer"] == "sgd":
        return torch.optim.SGD(learnt, lr=0.0, **options)
    own = {name: recipe[name] for name in ("trust", "classic")}
    return LARS(learnt, **options, **own)


def read_start(path, precision):
    """Arrays of a .npz file by part, and in a part by their names."""
    found = {}
    with np.load(path) as file:
        for name in file.files:
            part, _, rest = name.partition("/")
            array = file[name]
            if array.dtype.kind == "f":
                array = array.astype(precision)
            found.setdefault(part, {})[rest] = array
    return found


def measure(
    *,
    folder,
    recipe,
    threads,
    steps=None,
    seconds=0.0,
    compute_threads=None,
    channels_last=False,
    warm_up=5,
) -> dict:
    """Trains by a method from given weights on given views.

    Args:
        folder: Where start.npz and views.npy lie.
        recipe: What `benchmarks.tfcmc_methods` says of the method.
        threads: Cores, and threads where no others are given.
        steps: How many, on the views of each; or None: on the first views
            again and again, until the time is up.
        seconds: How long to go on after the warm-up, where `steps` is None.
        compute_threads: Those of PyTorch's arithmetic.
        channels_last: Whether channels are last in memory.
        warm_up: Steps that are not counted.

    Returns:
        The losses; and images a second, where `steps` is None.
    """
    torch.set_num_threads(compute_threads or threads)
    torch.set_default_dtype(getattr(torch, recipe["precision"]))
    folder = pathlib.Path(folder)
    shown = np.load(folder / "views.npy", mmap_mode="r")
    method = METHODS[recipe["method"]](
        read_start(folder / "start.npz", recipe["precision"]), recipe
    )
    layout = torch.channels_last if channels_last else torch.contiguous_format
    for part in (*method.learnt, getattr(method, "target", nn.Identity())):
        part.to(memory_format=layout)
    optimizer = optimizer_of(method, recipe)
    ready = None if steps else _tensor(shown[0], layout)
    losses, start, step = [], None, 0
    while True:
        views = ready or _tensor(shown[step], layout)
        loss = take_step(
            method, optimizer, recipe, views, step if steps else 0
        )
        losses.append(loss)
        step += 1
        if step == steps:
            return {"losses": losses}
        now = time.perf_counter()
        if start is None and step == warm_up:
            start, counted = now, step
        if steps is None and start is not None and now - start >= seconds:
            done = step - counted
            if done:
                rate = done * recipe["batch_size"] / (now - start)
                return {"losses": losses, "images_per_second": rate}


def take_step(method, optimizer, recipe, views, step):
    """Learns from a batch; returns its loss."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(recipe, step)
    loss = method.loss(views, step)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    method.after(step)
    return loss.item()


def _tensor(views, layout):
    """`[views, batch, side, side, 3]` as PyTorch has it, a view each."""
    return [
        torch.tensor(view, dtype=torch.get_default_dtype())
        .permute(0, 3, 1, 2)
        .contiguous(memory_format=layout)
        for view in views
    ]
