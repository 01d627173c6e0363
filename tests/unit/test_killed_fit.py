"""A fit that is killed at any moment, and started again, ends as one that was not."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

METHOD = {
    "model": "mf",
    "loss": "bpr",
    "solver": "sgd",
    "settings": {"embedding_size": 8, "epochs": 80, "patience": 80, "patience_updates": 10_000, "negatives": 2},
    "grid": {},
    "protocol": {"task": "ranking", "tuning_seed": 1000},
}
PROGRAM = """
import sys
from dotbench.cli.fit import main
from dotbench.cli.stage import run
from dotbench.solvers import loop
loop.CHECKPOINT_SECONDS = 0.0
run(main)
"""
KILLS = int(os.environ.get("KILLS", "3"))


def start(folder: Path) -> "subprocess.Popen[bytes]":
    """The stage `fit`, with a checkpoint after every epoch."""
    options = {"method": json.dumps(METHOD), "dataset": "made", "chosen": "../chosen.json", "split": "../split.npz"}
    options |= {"split-seed": "0", "init-seed": "0", "folder": "run", "checkpoint": "state/fit.pt"}
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], cwd=folder, stdout=subprocess.DEVNULL)


@pytest.mark.slow
def test_it_ends_with_the_same_vectors_and_curve(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pairs = np.unravel_index(rng.choice(300 * 200, 9000, replace=False), (300, 200))
    train, valid, test = np.split(np.stack(pairs, axis=1).astype(np.int32), [7000, 8000])
    np.savez(tmp_path / "split.npz", train=train, valid=valid, test=test, shape=np.array([300, 200]))
    chosen = {"status": "ok", "reason": None, "hyperparameters": {"learning_rate": 0.01, "weight_decay": 1e-5}}
    (tmp_path / "chosen.json").write_text(json.dumps(chosen))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    assert start(whole).wait() == 0
    moments = random.Random(0)
    for _ in range(KILLS):
        before = checkpoint_time(killed)
        with start(killed) as running:
            while checkpoint_time(killed) == before:
                assert running.poll() is None
                time.sleep(0.001)
            time.sleep(moments.uniform(0, 0.1))
            running.kill()
        assert running.returncode == -signal.SIGKILL
        assert not (killed / "run/fit.json").exists()
    assert start(killed).wait() == 0
    with np.load(whole / "run/fitted.npz") as one, np.load(killed / "run/fitted.npz") as other:
        assert one.files == other.files
        assert all(np.array_equal(one[name], other[name]) for name in one.files)
    curves = [np.genfromtxt(folder / "run/curve.csv", delimiter=",", names=True) for folder in (whole, killed)]
    for column in {*curves[0].dtype.names} - {"seconds", "cpu_seconds"}:
        assert np.array_equal(curves[0][column], curves[1][column]), column
    assert len(curves[0]) > 3 * KILLS
    assert not (killed / "state/fit.pt").exists()


def checkpoint_time(folder: Path) -> int:
    file = folder / "state/fit.pt"
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
