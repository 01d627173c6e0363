"""Where a number comes from: the code, the machine and the time."""

import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from typing import Any

from dotbench import __version__, paths


def provenance(code: str, **inputs: str) -> dict[str, Any]:
    """What a record says of its making. ``code``: digest of the source that ran. ``inputs``: digests of the content
    that it read, by name."""
    return {
        "dotbench": __version__,
        "commit": commit(),
        "code": code,
        **inputs,
        "host": platform.node(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


@cache
def commit() -> str | None:
    """The commit of this checkout, with ``-dirty`` where files were changed. None where there is none to name."""
    if not (paths.PROJECT / ".git").exists():
        return None
    command = ["git", "-C", str(paths.PROJECT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
