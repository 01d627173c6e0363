"""Which features a method's model reads."""

from dotbench.errors import DotbenchError
from dotbench.features.base import from_label
from dotbench.runs.method import Method, WrongChoice


def check_features(method: Method) -> None:
    """Raises WrongChoice if the method names features that are not there, or one twice, or tunes which to take."""
    if "features" in method.grid:
        raise WrongChoice(
            ("grid", "features"), "cannot be tuned; list a method for each value, each with its own 'label'"
        )
    for label in method.features:
        try:
            from_label(label)
        except DotbenchError as error:
            raise WrongChoice(("set", "features"), str(error)) from None
        if method.features.count(label) > 1:
            raise WrongChoice(("set", "features"), f"found '{label}' more than once")
