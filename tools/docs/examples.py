"""Examples in docstrings: what begins with ``>>>`` is a block of code, which Markdown would read as a quotation."""

import re

from griffe import Extension, Object

EXAMPLE = re.compile(r"(?:^>>> .*\n(?:^(?!>>>|$).*\n)*)+", re.MULTILINE)


def fenced(text: str) -> str:
    """The docstring with its examples between fences."""
    return EXAMPLE.sub(r"```python\n\g<0>```\n", text + "\n").rstrip("\n")


class Examples(Extension):
    """For mkdocstrings."""

    def on_object(self, *, obj: Object, **_: object) -> None:
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)
