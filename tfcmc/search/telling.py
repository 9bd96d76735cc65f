"""What a search found, in sentences that claim no more than was measured."""

import textwrap

from tfcmc.evaluation.intervals import share_interval
from tfcmc.report.summary import WIDTH
from tfcmc.search import table
from tfcmc.search.ranking import better, ranked


def tell(text):
    """Prints sentences within the width of the screen."""
    for line in text.split("\n"):
        indent = "    " if line.startswith(" ") else ""
        print(textwrap.fill(line, WIDTH, subsequent_indent=indent))


def best_words(search, trials, default, pictures):
    """Says what the best trial chose, and what that is worth.

    Args:
        search: The `Search`.
        trials: `Trial`s, one of them done at least.
        default: The defaults as a `Trial`, or None.
        pictures: How many pictures a trial is judged on.

    Returns:
        Sentences.
    """
    order = ranked(trials, search.objective)
    best = order[0]
    title = table.TITLES[search.objective]
    chosen = ", ".join(
        f"{name}={table.value_text(value)}"
        for name, value in best.values.items()
    )
    text = f"The best trial by {title} is {best.number}: {chosen}."
    score = best.scores[search.objective]
    if search.objective in table.PERCENT:
        low, high = share_interval(score, pictures)
        near = sum(t.scores[search.objective] >= low for t in order)
        text += (
            f" Its {100 * score:.1f} % on {pictures:,} validation pictures "
            f"have the 95 % interval {100 * low:.1f} to {100 * high:.1f}: "
            f"{near - 1} of the other {len(order) - 1} trials are in it."
        )
    if default is None or search.objective not in default.scores:
        return text
    if not better(search.objective, score, default.scores[search.objective]):
        text += (
            " No trial is better than the defaults on the validation part: "
            "this search gives no reason to leave them."
        )
    return text


def verdict_words(verdict):
    """Says what the test part says, and what it does not.

    Args:
        verdict: What `verdict.json` holds.

    Returns:
        Sentences.
    """
    lines = [
        f"On the {verdict['judged_on']} pictures, "
        f"{verdict['winner']['sphere_all']['images']:,} of them:"
    ]
    for name in ("default", "winner"):
        judged = verdict[name]
        told = []
        if "linear_probe" in judged:
            low, high = judged["linear_probe"]["interval"]
            told += [
                f"linear probe {100 * judged['linear_probe']['accuracy']:.1f} "
                f"% ({100 * low:.1f} to {100 * high:.1f})",
                f"kNN {100 * judged['knn']['accuracy']:.1f} %",
            ]
        told += [
            f"alignment {judged['sphere_all']['alignment']:.3f}",
            f"uniformity {judged['sphere_all']['uniformity']:.3f}",
            f"rank {judged['sphere_all']['effective_rank']:.0f}",
        ]
        lines.append(f"  {judged['loss']}, {name}: {', '.join(told)}")
    if "difference" in verdict:
        lines.append(_difference_words(verdict["difference"]))
    if verdict["before"]:
        times = len(verdict["before"])
        lines.append(
            f"The test part was read before for another winner of this "
            f"search, {times} time{'s' if times > 1 else ''}."
        )
    return "\n".join(lines)


def _difference_words(difference):
    """Says whether the pictures judged separate the winner."""
    points = 100 * difference["linear_probe"]
    low, high = (100 * end for end in difference["interval"])
    text = (
        f"The best trial is {abs(points):.1f} points "
        f"{'below' if points < 0 else 'above'} the defaults, 95 % interval "
        f"{low:.1f} to {high:.1f} over the choice of test pictures: "
    )
    if difference["within_noise"]:
        return f"{text}within the noise."
    return (
        f"{text}more than that noise. It is one seed; what another seed "
        f"changes is not in it."
    )
