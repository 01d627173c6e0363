"""CPU seconds of `dotbench run` in an empty folder: the jobs' own work, and what the workflow adds to it.

python speed/run.py [--config config/smoke.yaml --cores 2]

The jobs run in forks of one process, which imports their libraries once, where each job would import them for itself.
The kernel counts the time of the forks that have ended apart from that process's own. So the work is measured, not
estimated. All else is what the workflow adds: `dotbench`, Snakemake, and the report. CPU seconds change less than the
seconds that pass if other programs use the machine.
"""

import argparse
import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

RUN = [sys.executable, "-c", "from dotbench.cli.main import main; main()", "run"]
SERVER = "dotbench.cli.forks"
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER: processes whose parent ends become ours, and their time is counted
PAUSE = 0.02  # seconds between two looks


def server_of(process: psutil.Popen) -> psutil.Process | None:
    """The process that forks the jobs, once it is there."""
    for child in process.children(recursive=True):
        try:
            if SERVER in child.cmdline():
                return child
        except psutil.Error:
            continue
    return None


def measured(command: list[str], folder: Path) -> tuple[float, float, float, float]:
    """Run the command. Seconds that passed; CPU seconds of all processes, of the jobs, and of importing for them."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    server, jobs, imports = None, 0.0, 0.0
    with psutil.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            time.sleep(PAUSE)
            try:
                server = server or server_of(process)
                if server is not None:
                    times = server.cpu_times()
                    jobs, imports = times.children_user + times.children_system, times.user + times.system
            except psutil.Error:  # it has ended
                continue
        wall = time.perf_counter() - wall
    if process.returncode:
        sys.exit(f"the run failed in {folder}")
    while True:  # the server ends when it sees that the run has
        try:
            os.wait()
        except ChildProcessError:
            break
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, jobs, imports


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, help="a configuration; without it, the main job")
    parser.add_argument("--cores", type=int, help="cores to use; without it, all")
    arguments = parser.parse_args()
    ctypes.CDLL(None).prctl(SUBREAPER, 1)
    options = ["-c", str(arguments.config.absolute())] if arguments.config else []
    options += [f"--option=--cores={arguments.cores}"] if arguments.cores else []
    with tempfile.TemporaryDirectory() as name:
        wall, total, jobs, imports = measured([*RUN, *options], Path(name))
    cores = arguments.cores or os.cpu_count() or 1
    print(f"{wall:.1f} s, {total:.1f} CPU s: {100 * total / wall / cores:.0f} % of {cores} cores")
    print(f"the jobs' work: {jobs:.1f} CPU s, and {imports:.1f} of the process that imports their libraries and forks")
    rest = total - jobs - imports
    print(f"the workflow: {rest:.1f} CPU s, {100 * rest / (jobs + imports):.0f} % of that")


if __name__ == "__main__":
    main()
