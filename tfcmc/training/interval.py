"""How often something is done, or how long: in steps, or in minutes."""

import re
import time

from tfcmc.foundation.errors import check_text, must

WRITTEN = re.compile(r"(\d+)|(\d+(?:\.\d+)?)min")
MINUTES = re.compile(r"(\d+(?:\.\d+)?)min")
LONGEST = 100_000  # minutes of a budget
SPAN = re.compile(r"(?:(\d{1,9}):)?(\d{1,9})", re.ASCII)
WARM = 3  # steps that compile, and fill what reads ahead
MOST_TRACED = 100


def seconds_of(budget: str, name: str = "budget") -> float:
    """Returns the seconds of a budget, such as "10min".

    Args:
        name: What it is called where the user wrote it.

    Raises:
        UsageError: if it is no number of minutes, or not above 0.
    """
    found = MINUTES.fullmatch(str(budget))
    minutes = float(found[1]) if found else 0.0
    if not 0 < minutes <= LONGEST:
        raise must(
            name,
            f"minutes, such as 10min, above 0 and at most {LONGEST:,}",
            budget,
        )
    return 60.0 * minutes


class Interval:
    """Says when something that is done from time to time is due.

    Args:
        text: "500", steps; or "10min", minutes.

    Raises:
        UsageError: if it is neither, or not above 0.
    """

    def __init__(self, text):
        found = WRITTEN.fullmatch(str(text))
        steps, minutes = found.groups() if found else (None, None)
        if not float(steps or minutes or 0):
            raise must(
                "save-every",
                "a number of steps, such as 500, or of minutes, such as "
                "10min, above 0",
                text,
            )
        self._steps = None if steps is None else int(steps)
        self._seconds = 60 * float(minutes or 0)
        self._done = 0
        self._last = time.monotonic()

    def due(self):
        """Counts a step; returns whether it is time again."""
        self._done += 1
        now = time.monotonic()
        if self._steps is not None:
            return self._done % self._steps == 0
        if now - self._last < self._seconds:
            return False
        self._last = now
        return True


def steps_of(profile: str) -> tuple[int, int]:
    """Reads which steps are traced: the first and the last, from 1.

    Args:
        profile: "10:20", both with them; or "10", so many after the first few.

    Raises:
        UsageError: if it says something else.
    """
    check_text("profile", profile)
    found = SPAN.fullmatch(profile)
    first, last = map(int, found.groups("0")) if found else (1, 0)
    if first == 0 and ":" not in profile:
        first, last = WARM + 1, WARM + last
    if not 1 <= first <= last < first + MOST_TRACED:
        raise must(
            "profile",
            f"a number of steps, such as 10, or the first and the last, such "
            f"as 10:20, {MOST_TRACED} at most",
            profile,
        )
    return first, last
