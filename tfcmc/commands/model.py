"""Judges any Keras model from pictures to vectors."""

from tfcmc.cli import command_line
from tfcmc.commands import evaluate
from tfcmc.commands.results import Record
from tfcmc.commands.words import taken
from tfcmc.experiment.config import JUDGING, PretrainConfig, make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import must
from tfcmc.report.summary import model_text

# Beside those of a run.
SETTINGS = ("seed", "judge_on", "picture_side", "memory_limit", "on_bad_image")
OWN = ("value_range", "views")
VIEWS = "rgb"  # of the plan: any pictures, with colours or without


def make_parser() -> command_line.Parser:
    """Returns the parser of the words for a run or a model."""
    parser = evaluate.make_parser()
    command_line.add_settings(parser, PretrainConfig, only=SETTINGS)
    for name in OWN:
        parser.add_argument(command_line.option(name))
    return parser


def run(model, words: dict) -> Record:
    """Judges a Keras model, by the words of a call.

    Raises:
        UsageError: if a word is not known, or as `judge_model`.
    """
    from tfcmc.experiment import any_model  # loads TensorFlow: only now

    if not hasattr(model, "predict"):
        raise must("run", "a run, its folder or a Keras model", model)
    own = {name: words[name] for name in OWN if words.get(name) is not None}
    if not callable(own.get("views", run)):
        raise must("views", "a function", own["views"])
    rest = {name: each for name, each in words.items() if name not in OWN}
    if rest.get("picture_side") is None:
        rest["picture_side"] = any_model.side_of(model)
    given, held = taken(make_parser(), rest)
    if given.get("evaluate") == "none":
        raise must("evaluate", JUDGING, "none")
    plan = make_plan(make_config({**given, "views": VIEWS}))
    found = any_model.judge_model(model, plan, **own)
    del held  # until now
    record = Record(found, model_text(found).strip("\n"))
    print(f"\n{record!r}")
    return record
