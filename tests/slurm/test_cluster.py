"""The small configuration on a real SLURM of one node."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SAME = ("fitted.npz", "per_user.parquet", "split.npz")  # what holds no times


def content(folder: Path) -> dict[str, bytes]:
    files = [path for name in SAME for path in (folder / "results").rglob(name)]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_run_survives_a_restart_and_equals_a_local_one(site, tmp_path_factory):
    """In few submissions, none of which asks for a GPU; the controller is killed in the middle and comes back."""
    before = len(site.cluster.jobs())
    running = site.start("all")
    while len(site.cluster.jobs()) < before + 2:
        assert running.poll() is None, running.stdout.read()
        time.sleep(0.2)
    site.cluster.stop_controller(signal=9)
    time.sleep(3)
    site.cluster.start_controller()
    output, _ = running.communicate(timeout=400)
    assert running.returncode == 0, output
    assert (site.folder / "results/smoke/index.html").is_file()
    assert len(site.cluster.jobs()) - before <= 8  # 33 jobs
    assert not [
        line
        for line in site.cluster.call("squeue", "--states=all", "--noheader", "--format=%b").split()
        if "gpu" in line
    ]
    local = tmp_path_factory.mktemp("local")
    command = [word for word in site.command("all") if "slurm" not in word and word != "--workflow-profile"]
    subprocess.run(command, cwd=local, check=True, capture_output=True)
    assert content(site.folder) == content(local)


def test_fits_of_our_own_solvers_ask_for_a_gpu(site):
    """They are submitted where there is no CUDA: who asks is looked at, and the run is ended by SIGTERM."""
    known = {line.split()[0] for line in site.cluster.jobs()}
    running = site.start("all", "--config", "device=cuda")
    wanted: dict[str, str] = {}
    try:
        while len(wanted) < 4:
            assert running.poll() is None, running.stdout.read()
            lines = site.cluster.call("squeue", "--states=all", "--noheader", "--format=%i|%b|%k").splitlines()
            wanted |= {i: (gpu, what) for i, gpu, what in (line.split("|") for line in lines) if i not in known}
            time.sleep(0.2)
    finally:
        running.terminate()
        assert running.wait(60) != 0
    asking = {what for gpu, what in wanted.values() if "gpu" in gpu}
    assert asking
    assert all("runs" in what or "decompose" in what for what in asking), wanted


def test_a_fit_that_is_cancelled_goes_on_and_ends_equal(site):
    """scancel in the middle of a training; the job is submitted again and continues from its checkpoint."""
    whole, cancelled = site.folder / "whole", site.folder / "cancelled"
    config = site.folder / "long.yaml"
    config.write_text(
        "name: long\ndatasets: [sim-tiny]\nseeds: [0]\nstudies:\n  - study: ranking\n    methods:\n"
        "      - {model: mf, loss: bpr, solver: sgd, grid: {},\n"
        "         set: {embedding_size: 8, epochs: 12000, patience: 12000, updates: 0, learning_rate: 0.001}}\n"
    )
    [target] = ["results/runs/sim-tiny/{}/split0-init0/fit.json"]
    listed = subprocess.run(
        [sys.executable, "-c", "import sys; from pathlib import Path; from dotbench.cli.workflow import load_plan; "
         "print(load_plan([Path(sys.argv[1])]).entries[0].folder)", str(config)],
        text=True, capture_output=True, check=True,
    )  # fmt: skip
    target = target.format(listed.stdout.strip())
    for folder in (whole, cancelled):
        folder.mkdir()
        one = type(site)(site.cluster, folder)
        known = {line.split()[0] for line in site.cluster.jobs()}
        running = one.start(target, "--configfile", str(config))
        checkpoint = folder / "results/checkpoints/sim-tiny" / listed.stdout.strip() / "split0-init0.pt"
        if folder is cancelled:
            while not checkpoint.is_file():
                assert running.poll() is None, running.stdout.read()
                time.sleep(0.1)
            jobs = [line.split() for line in site.cluster.jobs()]
            [job] = [number for number, state, what in jobs if number not in known and state == "RUNNING"]
            site.cluster.call("scancel", job)
        output, _ = running.communicate(timeout=300)
        assert running.returncode == 0, output
    assert (whole / target).with_name("fitted.npz").read_bytes() == (cancelled / target).with_name(
        "fitted.npz"
    ).read_bytes()
