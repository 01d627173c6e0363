"""An extension of griffe for mkdocstrings: examples in docstrings are blocks of code."""

from griffe import Extension, Object
from reference import fenced


class Examples(Extension):
    """Fences the examples of every docstring."""

    def on_object(self, *, obj: Object, **_: object) -> None:
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)
