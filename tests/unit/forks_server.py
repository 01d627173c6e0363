"""A process that serves forks, for tests of those who ask for them."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

STARTER = """
import os
from dotbench.cli import forks
forks.start()
print(os.environ["DOTBENCH_FORK"], flush=True)
input()
"""


@contextmanager
def serving(variables: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The variables with the address of a server that has them. It ends with the block, and nothing of it is left."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(variables)
    )
    assert process.stdout
    address = process.stdout.readline().strip()
    try:
        yield {**variables, "DOTBENCH_FORK": address}
    finally:
        process.kill()  # the harshest end of whoever started the server
        wait_until(lambda: not Path(address).parent.exists())


def wait_until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
