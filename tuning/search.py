"""Searches for a loss's own options, choosing without the test part.

    tfcmc search --loss=softmax --trials=20 --data=tfds:NAME \\
        --data-dir=DIR --run-dir=runs/tune-softmax

tries options in the ranges that the loss names (`tfcmc losses`),
each in a training of its own, and judges them on the train part, each fifth of
it by probes fitted on the rest. A trial that collapses, or has no chance left
to be the best, ends early.
--space narrows, widens, adds and fixes:

    --space="temperature=0.05:0.5:log, batch_size=64|128, encoder.width=2"

Options of the loss go by their name; learning_rate, batch_size, beta_1,
beta_2, warmup, schedule, geometry and flip by theirs; options of the encoder
as encoder.NAME. What --loss writes out, as in "triplet(mining=hard)", stays.

Written to the folder: search.json, default/ (the loss as it is) and
trials/0000, 0001, ..., run folders like any other with a trial.json. Killed
at any moment, the same command goes on to the same trials; with more --trials
it goes on further. A trial that breaks is recorded with its reason. At the
end comes the report of `tfcmc report`: tables, figures, best.json, and the
best trial and the defaults on the test part.

--tuner=hyperband trains many trials for few epochs and goes on with the best,
up to --epochs. On several machines that share the folder, or several GPUs of
one, start the same command in each process, with KerasTuner's variables and
an --objective: KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT are where the
chief listens, KERASTUNER_TUNER_ID is "chief" for one process and a name of
its own for each worker. The chief proposes, trains only the loss as it is,
and ends when all trials have. A worker or a chief that was stopped goes on
when it is started again under the same name. Where TFCMC_TOKEN is set, to the
same secret everywhere, the chief answers only workers that have it. Nothing
is encrypted: use the port in a network that you trust.
"""

from tfcmc.cli import command_line
from tfcmc.commands import search
from tfcmc.searches import study


def main(argv=None):
    """Reads the command line and searches."""
    study.search(command_line.parse(search.make_parser(__doc__), argv))


if __name__ == "__main__":
    command_line.run(main)
