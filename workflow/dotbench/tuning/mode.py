"""On which split a method's settings are chosen."""

from typing import Literal

# nested: for every seed on its own split; single: once, on a split of its own
TuningMode = Literal["nested", "single"]
