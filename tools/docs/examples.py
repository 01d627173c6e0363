"""An extension of griffe for mkdocstrings: examples of docstrings are blocks of code."""

import re

from griffe import Extension, Object


class Examples(Extension):
    """Fence what begins with ``>>>``, which Markdown would read as a quotation."""

    def on_object(self, *, obj: Object, **_: object) -> None:
        if obj.docstring is not None:
            block = r"((?:^>>> .*\n?(?:^(?!>>>|$).*\n?)*)+)"
            obj.docstring.value = re.sub(block, r"```python\n\1```\n", obj.docstring.value, flags=re.MULTILINE)
