"""A coverage-guided fuzz of the parser of specs.

python -m tests.fuzz.spec -runs=1000000 FOLDER

Anything but a `UsageError` is a finding, and so is a spec that does not read
back as it was written. What Atheris finds it writes to crash-*; the input goes
to `tests/fuzz/test_fuzz.py`.
"""

import sys

import atheris

with atheris.instrument_imports(include=["tfcmc"]):
    from tfcmc.data import SOURCES
    from tfcmc.foundation.errors import UsageError
    from tfcmc.foundation.registry import parse_spec
    from tfcmc.losses import LOSSES
    from tfcmc.negatives import NEGATIVES

# What mutation starts from.
SEEDS = [
    *(member.name for member in LOSSES.members()),
    "softmax(temperature=0.5)",
    "spring(margin=1.4, weighting=pairs)",
    "nce(z=2.5)",
    "bank(momentum=0, draws=7)",
    "stl10(fold=None, pretrain='both')",
    "folder:C:/a b(c)=d",
    "softmax(temperature=0xFFFFFFFF+1j)",
    "x(a=[1, (2, {3: None})], b=-1e-9, c=b'\\x00')",
]


def try_spec(text):
    """Looks a text up as a spec of every table."""
    try:
        name, options, argument = parse_spec(text)
    except UsageError as error:
        check_told(error)
    else:
        if not name.isidentifier() or not isinstance(options, dict):
            raise AssertionError((name, options, argument))
    for table in (LOSSES, SOURCES, NEGATIVES):
        try:
            bound = table.lookup(text)
        except UsageError as error:
            check_told(error)
            continue
        if table.lookup(bound.spec) != bound:
            raise AssertionError((text, bound.spec))


def check_told(error):
    """Fails unless a message is short and of two lines at most."""
    if len(str(error)) > 2000 or str(error).count("\n") > 1:
        raise AssertionError(str(error))


def try_bytes(data):
    """Looks bytes up, as the command line hands them over."""
    try_spec(data.decode("utf-8", "surrogateescape"))


if __name__ == "__main__":
    atheris.Setup(sys.argv, try_bytes)
    atheris.Fuzz()
