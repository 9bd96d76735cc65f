"""Cards of presets: what each does, its settings, and the recipe beside."""

import dataclasses
import shlex

from tfcmc.experiment.presets.base import Preset
from tfcmc.foundation.text import options
from tfcmc.losses.cards import table, wrapped

WORD = "tfcmc pretrain"


def brief(name: str, preset: Preset) -> str:
    """Writes a preset's name and what it does."""
    return "\n".join([name, wrapped(preset.line, "    ")])


def full(name: str, preset: Preset, standard) -> str:
    """Writes a preset's card.

    Args:
        standard: A config of the defaults.
    """
    usual = dataclasses.asdict(standard)
    # The row, and what the recipe has otherwise.
    told = {setting: usual[setting] for setting in preset.letter}
    told |= preset.applied({})
    rows = [
        (setting.replace("_", " "), _beside(preset, setting, value))
        for setting, value in told.items()
    ]
    notes = [("why", preset.why)] if preset.why else []
    parts = [
        name,
        wrapped(preset.line),
        "\n".join(table(rows)),
        "\n".join(table([*notes, ("reference", preset.reference)])),
        "as one command:\n" + command(preset),
    ]
    return "\n\n".join(parts)


def command(preset: Preset) -> str:
    """Returns the command of a preset's settings, a line an option."""
    words = map(shlex.quote, options(preset.applied({})))
    return " \\\n    ".join([WORD, *words])


def _beside(preset, setting, value):
    """A setting, the rule that made it, and what the recipe has."""
    words = "as the data have it" if value is None else f"{value}"
    if preset.rate and setting == "learning_rate":
        words = f"{value:g}, which is {preset.rate.words}"
    if setting in preset.letter:
        words += f" (recipe: {preset.letter[setting]})"
    return words
