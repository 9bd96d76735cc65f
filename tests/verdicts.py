"""Records of runs and searches, for tests in which nothing is trained."""

from tfcmc.searches.records import Search

PART = {"pictures": 64, "side": 32, "sha256": "p"}
IDENTITY = {
    "settings": {"loss": "softmax", "seed": 0, "epochs": 2},
    "data": {
        "pretrain": PART,
        "train": PART | {"labels_sha256": "l"},
        "test": PART | {"pictures": 16, "sha256": "q", "labels_sha256": "m"},
        "classes": 2,
        "class_names_sha256": "n",
    },
    "replicas": 1,
}
SHAPE = ("alignment", "uniformity", "effective_rank")
SPACE = {
    "temperature": {"low": 0.01, "high": 1.0, "scale": "log"},
    "learning_rate": {"low": 1e-4, "high": 1e-2, "scale": "log"},
}


def search_of(**changes):
    """A search of softmax."""
    plain = {
        "loss": "softmax(temperature=0.07)",
        "space": SPACE,
        "tuner": "random",
        "objective": "linear_probe",
        "trials": 20,
        "seed": 0,
        "settings": {"data": "shapes", "epochs": 3, "seed": 0},
    }
    return Search(**plain | changes)


def verdict(settings, sphere):
    """Returns what `metrics.json` holds at the least.

    Args:
        settings: The loss, data, seed and epochs of the run.
        sphere: The images measured, and what is in `SHAPE`.
    """
    shape = {name: sphere[name] for name in SHAPE}
    return {
        **settings,
        **shape,
        "alpha": 2.0,
        "t": 2.0,
        "sphere": sphere,
        "sphere_all": sphere,
        "untrained": shape | {"sphere": sphere},
        "floors": {
            "uniformity_uniform_sphere": -3.9,
            "uniformity_one_point": 0.0,
            "alignment_unrelated_views": 2.0,
        },
        "findings": [],
        "versions": {},
        "controls_key": "x",
        "judged_on": "test",
    }
