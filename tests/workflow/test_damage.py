"""Files of one's own that are damaged: found, made again, and nothing else is."""

import pytest
from test_reruns import OUTPUTS, chain

RUN = "results/runs/sim-tiny/mf-bpr-sgd-*"
FIT = "fit mf-bpr-sgd on sim-tiny, split 0"
EVALUATE = "evaluate mf-bpr-sgd on sim-tiny, split 0"
RANKING = OUTPUTS[:2]

# file → the jobs that make it and what follows again
DAMAGED = {
    f"{RUN}/split0-init0/metrics.json": [EVALUATE, *RANKING],
    f"{RUN}/split0-init0/per_user.parquet": [EVALUATE, *RANKING],
    f"{RUN}/split0-init0/fit.json": [EVALUATE, FIT, *RANKING],
    f"{RUN}/split0-init0/fitted.npz": [EVALUATE, FIT, *RANKING],
    f"{RUN}/chosen.json": [*chain("mf-bpr-sgd"), *RANKING],
    "results/smoke/ranking/tables/ranking.md": ["table ranking of ranking"],
}


def cut(project, pattern: str):
    [file] = project.root.glob(pattern)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    return file


@pytest.mark.slow
@pytest.mark.parametrize("pattern", DAMAGED)
def test_a_damaged_file_is_made_again_with_what_follows(own, pattern):
    file = cut(own, pattern)
    mended = own.execute("-c", MEND).stdout.splitlines()
    assert any(file.name in line for line in mended)
    assert own.planned() == sorted(DAMAGED[pattern])


MEND = """
from pathlib import Path
from dotbench.cli import verifying, workflow
print(*verifying.mend(workflow.load_plan([Path("config/smoke.yaml")])), sep="\\n")
"""


@pytest.mark.slow
def test_a_run_mends_everything_and_ends_with_the_same_files(own):
    """Vectors and scores are the same again; what holds times is other."""
    kept = [path for part in ("fitted.npz", "per_user.parquet", "split.npz") for path in own.root.rglob(part)]
    before = {path: path.read_bytes() for path in kept}
    for pattern in ("results/data/sim-tiny/split1/ranking/split.npz", *DAMAGED):
        cut(own, pattern)
    told = own.dotbench("plan", "-c", "config/smoke.yaml").stdout.splitlines()
    assert told[0].startswith("damaged; the next run makes it again: results/")
    assert own.dotbench("verify").returncode == 1
    result = own.dotbench("run", "-c", "config/smoke.yaml")
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    assert result.stdout.count("damaged; making it again: ") >= 4
    assert {path: path.read_bytes() for path in kept} == before
    verified = own.dotbench("verify")
    assert (verified.returncode, verified.stdout) == (0, "nothing is damaged\n"), verified.stdout


def test_the_status_counts_what_is_damaged_as_to_do(project):
    [file] = project.root.glob(f"{RUN}/split0-init0/metrics.json")
    content = file.read_bytes()
    try:
        file.write_bytes(b"")
        lines = project.dotbench("status", "-c", "config/smoke.yaml").stdout.splitlines()
    finally:
        file.write_bytes(content)
    assert lines[-1] == "fits: 9 done, 0 failed, 1 to do"
