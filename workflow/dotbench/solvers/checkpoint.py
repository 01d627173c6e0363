"""The state of an unfinished training in a file."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotbench.files import atomic
from dotbench.lazy import torch


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a state atomically."""
    content = io.BytesIO()
    torch.save(state, content)  # not into the file: torch hides an OSError behind a RuntimeError
    with atomic(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def load(path: Path | None, key: str, device: str, say: Callable[[str], None]) -> dict[str, Any] | None:
    """The state that was saved under the same ``key``. One that cannot be read, or is another fit's, counts as none."""
    if path is None or not path.exists():
        return None
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # a torn file can raise anything; it costs a fresh start, not the fit
        say(f"{path}: not used, because it cannot be read: {error}")
        return None
    return state if isinstance(state, dict) and state.get("key") == key else None
