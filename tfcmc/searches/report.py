"""What a search found, written down, and told in sentences.

They claim no more than was measured.
"""

import dataclasses
import pathlib
import textwrap

from tfcmc.evaluation.intervals import share_interval
from tfcmc.foundation.atomic import write_whole
from tfcmc.foundation.text import counted, distinct
from tfcmc.report.summary import WIDTH, count_epochs
from tfcmc.runs.folder import Run, make_folder
from tfcmc.runs.record import read_metrics
from tfcmc.searches import drawing, table
from tfcmc.searches.label_free import agreements
from tfcmc.searches.ranking import Results, open_search
from tfcmc.searches.records import OBJECTIVES, read_verdict, trial_folder


def report(folder, *, ended: bool | None = None) -> None:
    """Writes tables, figures, the best settings and the verdict of a search.

    Args:
        ended: Whether the search has ended: only then is the test part read;
            None where its number of trials tells.

    Raises:
        UsageError: if the folder holds no search, or a record is damaged.
    """
    results = open_search(folder)
    if ended is None:
        ended = len(results.trials) >= results.search.trials
    folder = results.folder
    write_whole(folder / "table.md", table.markdown(results))
    write_whole(folder / "table.csv", table.csv_text(results))
    print(f"\n{table.screen_text(results)}\n")
    if results.best is None:
        print("no trial is done: there is nothing to draw or to judge")
        return
    Run(folder).write_json("best.json", results.settings_of(results.best))
    _tell(best_words(results))
    _analyse(results)
    if results.default is None and ended:
        print("no verdict on the test part: the run of the defaults failed")
    elif (verdict := _judge_once(results, ended)) is None:
        print("the verdict on the test part comes when the search has ended")
    else:
        _tell(verdict_words(verdict))
    print(f"everything is in {folder}")


def best_words(results: Results) -> str:
    """Says what the best trial chose, and what that is worth."""
    objective, name = results.objective, results.search.objective
    best, *others = results.order
    chosen = ", ".join(
        f"{option}={table.value_text(value)}"
        for option, value in best.values.items()
    )
    text = f"The best trial by {objective.title} is {best.number}: {chosen}."
    score = best.scores[name]
    if objective.percent:
        run = Run(trial_folder(results.folder, best.number))
        pictures = read_metrics(run)["sphere_all"]["images"]
        low, high = share_interval(score, pictures)
        near = sum(trial.scores[name] >= low for trial in others)
        text += (
            f" Its {100 * score:.1f} % on {pictures:,} validation pictures "
            f"have the 95 % interval {100 * low:.1f} to {100 * high:.1f}"
        )
        if others:
            of = counted(len(others), "other trial", "other trials")
            text += f": {near} of {of} in it"
        text += "."
    known = None if results.rival is None else results.rival.scores
    if results.default and not results.rival:
        text += (
            f" It was trained for {count_epochs(best.epochs)}, and the "
            f"defaults for {count_epochs(results.default.epochs)}: neither is "
            f"known to be the better."
        )
    elif known and name in known:
        if objective.rating(score) <= objective.rating(known[name]):
            text += (
                " No trial is better than the defaults on the validation "
                "part: this search gives no reason to leave them."
            )
    return text


def verdict_words(verdict: dict) -> str:
    """Says what the test part says, and what it does not.

    Args:
        verdict: What `verdict.json` holds.
    """
    lines = [
        f"On the {verdict['judged_on']} pictures, "
        f"{verdict['winner']['sphere_all']['images']:,} of them:"
    ]
    for name in ("default", "winner"):
        judged, told = verdict[name], ""
        if "linear_probe" in judged:
            probe, knn = judged["linear_probe"], judged["knn"]
            low, high = (100 * end for end in probe["interval"])
            told = (
                f"linear probe {100 * probe['accuracy']:.1f} % ({low:.1f} to "
                f"{high:.1f}), kNN {100 * knn['accuracy']:.1f} %, "
            )
        sphere = judged["sphere_all"]
        lines.append(
            f"  {judged['loss']}, {name}: {told}alignment "
            f"{sphere['alignment']:.3f}, uniformity "
            f"{sphere['uniformity']:.3f}, rank {sphere['effective_rank']:.0f}"
        )
    if "difference" in verdict:
        lines.append(_difference_words(verdict["difference"]))
    lengths = [verdict[n].get("epochs") for n in ("winner", "default")]
    if lengths[0] != lengths[1]:
        lines.append(
            f"They were trained for {lengths[0]} and {lengths[1]} epochs: "
            f"that says nothing of which is better."
        )
    if verdict["before"]:
        times = counted(len(verdict["before"]), "time", "times")
        lines.append(
            f"The test part was read before for another winner of this "
            f"search, {times}."
        )
    return "\n".join(lines)


def _difference_words(difference):
    """Says whether the pictures judged separate the winner."""
    points = 100 * difference["linear_probe"]
    low, high = (distinct(100 * end) for end in difference["interval"])
    text = (
        f"The best trial is {distinct(abs(points))} points "
        f"{'below' if points < 0 else 'above'} the defaults, 95 % interval "
        f"{low} to {high} over the choice of test pictures: "
    )
    if difference["within_noise"]:
        return f"{text}within the noise."
    return (
        f"{text}more than that noise. It is one seed; what another seed "
        f"changes is not in it."
    )


def _analyse(results):
    """Draws the figures, and writes and tells what is in them."""
    figures = results.folder / "figures"
    make_folder(figures)
    drawing.draw_options(results, figures)
    shares = drawing.draw_importance(results, figures)
    found = agreements(results)
    if found:
        drawing.draw_label_free(found, results, figures)
    Run(results.folder).write_json(
        "analysis.json",
        {
            "importance": shares,
            "label_free": [dataclasses.asdict(each) for each in found],
        },
    )
    for name, share in shares.items():
        low, high = (100 * end for end in share["interval"])
        _tell(
            f"{name} explains {100 * share['share']:.0f} % of the variance of "
            f"{results.objective.title} over what is searched (95 % interval "
            f"{low:.0f} to {high:.0f})"
        )
    for each in found:
        told, lost = each.words()
        head, colon, why = told.partition(":")
        _tell(
            f"{drawing.axis_words(OBJECTIVES[each.objective])}: {head} with "
            f"the linear probe{colon}{why}; {' '.join(lost.split())}."
        )


def _judge_once(results, ended):
    """Returns what `verdict.json` holds, or None where it is not time yet."""
    known = read_verdict(results.folder)
    if known is not None and _is_of(known, results):
        return known
    if not ended:
        return None
    # It loads TensorFlow: only now.
    from tfcmc.searches.verdict import judge_winner

    print("judging the best trial and the defaults on the test part")
    before = [] if known is None else [*known["before"], known["trial"]]
    result = judge_winner(results) | {"before": before}
    Run(results.folder).write_json("verdict.json", result)
    return result


def _is_of(verdict, results):
    """Whether a verdict is of the encoders that lie in the folders now."""
    runs = {
        "winner": trial_folder(results.folder, results.best.number),
        "default": pathlib.Path(results.folder, "default"),
    }
    return verdict["trial"] == results.best.number and all(
        (read_metrics(Run(path)) or {}).get("encoders_sha256")
        == verdict[name]["encoders_sha256"]
        for name, path in runs.items()
    )


def _tell(text):
    """Prints sentences within the width of the screen."""
    for line in text.split("\n"):
        indent = "    " if line.startswith(" ") else ""
        print(textwrap.fill(line, WIDTH, subsequent_indent=indent))
