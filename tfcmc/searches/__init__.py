"""The search of options: space, tuner, trials, ranking, report."""
