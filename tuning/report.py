"""Writes down what a search found, from its folder.

    python -m tuning.report runs/tune-softmax

A search ends with this; alone it does it again, or says where a search that
still runs has got to. Written to the folder: best.json, the settings of the
best trial, for `python -m trainers.pretrain --config=FILE`; table.md and
table.csv, all trials in order; figures/*.png; analysis.json, what each option
matters and how objectives without labels agree with the probe; and, once the
search has ended, verdict.json: the best trial and the defaults on the test
part, which nothing else in a search reads.
"""

import dataclasses
import pathlib

from tfcmc.cli import command_line
from tfcmc.foundation.atomic import write_whole
from tfcmc.runs.folder import Run, make_folder
from tfcmc.runs.record import read_metrics
from tfcmc.search import drawing, table
from tfcmc.search.label_free import agreement
from tfcmc.search.ranking import best_trial, defaults, open_search, settings_of
from tfcmc.search.records import LABEL_FREE, read_verdict, trial_folder
from tfcmc.search.telling import best_words, tell, verdict_words


def report(folder, *, ended=True):
    """Writes tables, figures, the best settings and the verdict of a search.

    Args:
        folder: Path of the search.
        ended: Whether the search has ended: only then is the test part read.

    Raises:
        UsageError: if the folder holds no search, or a record is damaged.
    """
    folder = pathlib.Path(folder)
    search, trials = open_search(folder)
    default = defaults(folder, search)
    for name, write in (
        ("table.md", table.markdown),
        ("table.csv", table.csv_text),
    ):
        write_whole(folder / name, write(search, trials, default))
    print(f"\n{table.screen_text(search, trials, default)}\n")
    best = best_trial(search, trials)
    if best is None:
        print("no trial is done: there is nothing to draw or to judge")
        return
    settings = settings_of(trial_folder(folder, best.number), search)
    Run(folder).write_json("best.json", settings)
    count = judged_pictures(folder, best)
    tell(best_words(search, trials, default, count))
    analyse(folder, search, trials, default)
    if default is None and ended:
        print("no verdict on the test part: the run of the defaults failed")
    elif (verdict := judge_once(folder, search, best, ended)) is None:
        print("the verdict on the test part comes when the search has ended")
    else:
        tell(verdict_words(verdict))
    print(f"everything is in {folder}")


def analyse(folder, search, trials, default):
    """Draws the figures, and writes and tells what is in them.

    Args:
        folder: Path of the search.
        search: The `Search`.
        trials: `Trial`s, one of them done at least.
        default: The defaults as a `Trial`, or None.
    """
    figures = folder / "figures"
    make_folder(figures)
    drawing.draw_options(search, trials, default, figures)
    shares = drawing.draw_importance(search, trials, figures)
    scores = None if default is None else default.scores
    found = [agreement(name, trials, scores) for name in LABEL_FREE]
    found = [each for each in found if each is not None]
    if found:
        drawing.draw_label_free(found, trials, default, figures)
    Run(folder).write_json(
        "analysis.json",
        {
            "importance": shares,
            "label_free": [dataclasses.asdict(each) for each in found],
        },
    )
    for name, share in shares.items():
        low, high = (100 * end for end in share["interval"])
        tell(
            f"{name} explains {100 * share['share']:.0f} % of the variance of "
            f"{table.TITLES[search.objective]} over what is searched (95 % "
            f"interval {low:.0f} to {high:.0f})"
        )
    for each in found:
        told, *lost = drawing.panel_title(each).split("\n")
        head, colon, why = told.partition(":")
        tell(
            f"{drawing.axis_words(each.objective)}: {head} with the linear "
            f"probe{colon}{why}; {' '.join(lost)}."
        )


def judged_pictures(folder, trial):
    """Returns on how many pictures a trial was judged."""
    metrics = read_metrics(Run(trial_folder(folder, trial.number)))
    return metrics["sphere_all"]["images"]


def judge_once(folder, search, best, ended):
    """Judges on the test part, if it was not done for these encoders.

    Args:
        folder: Path of the search.
        search: The `Search`.
        best: The `Trial` that won.
        ended: Whether it may be done now.

    Returns:
        What `verdict.json` holds, or None where it is not done yet.
    """
    whole = Run(folder)
    known = read_verdict(folder)
    if known is not None and _is_of(known, folder, best):
        return known
    if not ended:
        return None
    from tfcmc.search.verdict import judge_winner  # loads TensorFlow: only now

    print("judging the best trial and the defaults on the test part")
    result = judge_winner(folder, search, best)
    before = [] if known is None else [*known["before"], known["trial"]]
    result["before"] = before
    whole.write_json("verdict.json", result)
    return result


def _is_of(verdict, folder, best):
    """Whether a verdict is of the encoders that lie in the folders now."""
    runs = {
        "winner": trial_folder(folder, best.number),
        "default": folder / "default",
    }
    return verdict["trial"] == best.number and all(
        (read_metrics(Run(path)) or {}).get("encoders_sha256")
        == verdict[name]["encoders_sha256"]
        for name, path in runs.items()
    )


def main(argv=None):
    """Reads the command line and reports."""
    parser = command_line.make_parser("tuning.report", __doc__)
    parser.add_argument("search", help="the folder of a search")
    folder = command_line.parse(parser, argv)["search"]
    search, trials = open_search(folder)
    report(folder, ended=len(trials) >= search.trials)


if __name__ == "__main__":
    command_line.run(main)
