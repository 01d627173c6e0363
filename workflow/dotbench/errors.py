"""What a user is told: the one exception that stands for a mistake which the user can mend, and warnings."""

import os
import sys
import zlib

TOLD = "DOTBENCH_TOLD"  # which warnings were told; the processes that this one starts inherit it and do not repeat them


class DotbenchError(Exception):
    """Shown to the user as one message, without a traceback. The exit status is 1.

    The message names the file and line, or the key. It says what was found and what is allowed.
    """


class FitFailed(Exception):
    """A fit that ran but cannot be used (NaN, out of memory, a rejected setting).

    It is recorded as a run with ``status: failed``. Other runs go on.
    """


def warn(text: str) -> None:
    """One line on standard error, told once by this process and those that it starts."""
    line = " ".join(text.split())
    mark = f"{zlib.crc32(line.encode()):08x}"
    told = os.environ.get(TOLD, "").split()
    if mark not in told:
        os.environ[TOLD] = " ".join([*told, mark])
        print(f"warning: {line}", file=sys.stderr, flush=True)
