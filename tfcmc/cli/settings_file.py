"""Settings in a file, as `--config` takes them."""

import json
import types
import typing

from tfcmc.experiment.config import PretrainConfig, overlaid
from tfcmc.experiment.presets import PRESETS
from tfcmc.foundation.atomic import read_small
from tfcmc.foundation.errors import UsageError, must, unknown

MOST_BYTES = 2**20  # of a file of settings
WORDS = {str: "text", bool: "true or false", int: "a whole number"}


def read_settings(path) -> dict:
    """Reads setting name to value from a file, such as a run's `config.json`.

    Raises:
        UsageError: if it cannot be read, a setting is not known, or a value
            is of another type.
    """
    try:
        values = json.loads(read_small(path, MOST_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"`config` must be a readable file of settings in JSON. "
            f"Received: {str(path)!r} ({reason})"
        ) from None
    if not isinstance(values, dict):
        raise must(
            "config", "a file of one JSON object, {setting: value}", str(path)
        )
    hints = typing.get_type_hints(PretrainConfig)
    for name, value in values.items():
        if name not in hints:
            raise unknown(f"setting in {path}", name, hints)
        _check_type(name, value, hints[name])
    return values


def beneath(saved: dict, given: dict) -> dict:
    """Puts the settings saved in a file beneath those given beside it.

    A preset given goes before the file, as everything given does: what it
    decides on is not taken from the file.
    """
    preset = PRESETS.get(given.get("preset"))
    decided = preset.decides() if preset else ()
    kept = {name: saved[name] for name in saved if name not in decided}
    return overlaid(kept, given)


def _check_type(name, value, hint):
    """Checks what is settled on the command line by reading a word."""
    wanted, *others = typing.get_args(hint) or (hint,)
    if value is None and types.NoneType in others:
        return
    right = isinstance(value, (int, float) if wanted is float else wanted)
    if not right or (isinstance(value, bool) and wanted is not bool):
        raise must(name, WORDS.get(wanted, "a number"), value)
