"""Time and peak memory of `dotbench plan`, in an empty folder, by number of jobs, and where nothing is to be done.

python speed/plan.py [--jobs 2000 20000 --full --finished FOLDER]
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = Path(__file__).parents[1] / "config"
SEEDS = 100
PLAN = [sys.executable, "-c", "from dotbench.cli.main import main; main()", "plan"]


def generated(jobs: int) -> str:
    """A configuration with about so many jobs: methods of one split each, fitted and evaluated on 100 seeds."""
    methods = "\n".join(
        f"      - {{model: mf, loss: rg2, solver: als, label: R {size}, grid: {{}}, set: {{embedding_size: {size}}}}}"
        for size in range(1, jobs // (2 * SEEDS) + 1)
    )
    head = f"name: generated\ndatasets: [sim-tiny]\nseeds: {list(range(SEEDS))}\n"
    return f"{head}studies:\n  - study: ranking\n    methods:\n{methods}\n"


def timed(label: str, folder: Path, config: Path | None, *targets: str) -> None:
    """One plan in a folder; CPU time of the command and of all that it starts."""
    environment = os.environ | {"DOTBENCH_ACCEPT_UNVERIFIED": "ml-1m,gowalla"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling every module each time is no part of a plan
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [*PLAN, *targets, *(["-c", str(config)] if config else [])]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    wall = time.perf_counter() - wall
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found = re.search(r"^cost +([\d,]+) jobs", done.stdout, re.MULTILINE)
    jobs = int(found[1].replace(",", "")) if found else 0
    peak = f"peak so far {after.ru_maxrss / 2**20:.2f} GiB"  # of the largest process
    print(f"{label}: {jobs:,} jobs, {wall:.1f} s, {cpu:.1f} CPU s, {peak}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, nargs="*", default=[2000, 20000], help="sizes of generated configurations")
    parser.add_argument("--full", action="store_true", help="the suite full as well")
    parser.add_argument("--finished", type=Path, help="a folder where the main job has been run")
    arguments = parser.parse_args()
    if arguments.finished:
        for label in ("nothing to do, asked for the first time", "nothing to do, asked again"):
            timed(label, arguments.finished, None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        timed("first plan in a folder", folder, CONFIG / "smoke.yaml")  # reads the code of every module
        if arguments.full:
            timed("full", folder, None, "full")
        for jobs in arguments.jobs:
            config = folder / f"{jobs}.yaml"
            config.write_text(generated(jobs))
            timed(f"generated for {jobs:,}", folder, config)


if __name__ == "__main__":
    main()
