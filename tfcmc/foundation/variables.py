"""Variables of a model."""


def assign(variables, values) -> None:
    """Sets variables, each to the value at its place."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
