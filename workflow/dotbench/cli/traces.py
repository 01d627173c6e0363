"""A question to Snakemake leaves nothing behind where nothing was before."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dotbench import paths
from dotbench.cli.lock import FOLDER, LOCK, LOCKS


@contextmanager
def no_traces() -> Iterator[None]:
    """Remove at the end what a dry run wrote: Snakemake's folder, and the digests of the code, unless they were there
    before. If a run has begun in the working directory meanwhile, everything stays."""
    new = [folder for folder in (FOLDER, paths.CODE) if not folder.exists()]
    had_results = paths.RESULTS.exists()
    try:
        yield
    finally:
        if not (LOCK.exists() or any(LOCKS.glob("*"))):
            for folder in new:
                shutil.rmtree(folder, ignore_errors=True)
            if not had_results:
                with suppress(OSError):  # not there, or not empty
                    paths.RESULTS.rmdir()
