"""Decompositions of the moments behind NIMC's starts: alternating least squares beside joint diagonalisation.

python speed/tensor.py --to docs/evidence/nimc/decomposition
"""

import argparse
import os
import time
from pathlib import Path
from typing import Any

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--pairs", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
for option, default in (("trials", 10), ("starts", 10), ("sweeps", 300), ("dimension", 10), ("components", 5)):
    parser.add_argument(f"--{option}", type=int, default=default)
parser.add_argument("--to", type=Path, help="folder for decomposition.csv and decomposition.md; else printed only")
arguments = parser.parse_args()
os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is loaded

import numpy as np  # noqa: E402
from tabulate import tabulate  # noqa: E402

from dotbench.files import write_csv, write_text  # noqa: E402
from dotbench.papers.nimc.recovery.diagonalise import components  # noqa: E402
from dotbench.papers.nimc.recovery.moments import Pairs, first_moments, mixed_moment  # noqa: E402
from dotbench.papers.nimc.recovery.problems import draw  # noqa: E402
from dotbench.papers.nimc.recovery.tensor import component_errors, outer, relu_columns, spaces, unit  # noqa: E402
from dotbench.statistics.intervals import wilson_interval  # noqa: E402

LOST = 1.0  # error of a component above which it is another one than the truth's
NOTE = """\
ReLU, k = {components}, d = {dimension}, {trials} trials. The mean of (A − Ā)(zzᵀ − I) ⊗ w over N fresh pairs, \
decomposed by joint diagonalisation (Kuleshov et al., 2015), and by alternating least squares over three free factors, \
{sweeps} sweeps from {starts} random starts in every trial. From the directions on both do the same. `lost`: runs in \
which the error of a component, the mean of ‖ū − ū*‖ and ‖v̄ − v̄*‖, is above 1, with 95 % Wilson interval; \
`residual`: of the least-squares fit, relative; `error`: of the worst component of a run. Both, and CPU time of the \
decomposition, as medians over runs, and the greatest. `all starts`: \
every run; `best start`: that of the least residual of each trial.
"""


def alternating(tensor: np.ndarray, seed: int, start: int) -> tuple[np.ndarray, float]:
    """The first factor's unit columns, (k, k), and the relative residual of T ≈ Σ a_l ⊗ b_l ⊗ c_l."""
    rng, k = np.random.default_rng([seed, start]), len(tensor)
    factors = [unit(rng.standard_normal((k, k))) for _ in range(3)]
    for _ in range(arguments.sweeps):
        for mode in range(3):
            factor = fitted(tensor, mode, *(factors[other] for other in range(3) if other != mode))
            factors[mode] = unit(factor) if mode < 2 else factor
    return factors[0], residual(tensor, factors)


def fitted(tensor: np.ndarray, mode: int, one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """The factor of one axis by least squares, from those of the two others."""
    design = np.einsum("al,bl->abl", one, two).reshape(-1, one.shape[1])
    target = np.moveaxis(tensor, mode, 0).reshape(len(tensor), -1).T
    return np.linalg.lstsq(design, target, rcond=None)[0].T


def residual(tensor: np.ndarray, factors: list[np.ndarray]) -> float:
    return float(np.linalg.norm(tensor - np.einsum("al,bl,cl->abc", *factors)) / np.linalg.norm(tensor))


def diagonal(tensor: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """The same by joint diagonalisation; the third factor by least squares."""
    b = components(tensor, seed)
    return b, residual(tensor, [b, b, fitted(tensor, 2, b, b)])


def trial(law: Any, count: int, seed: int) -> list[dict[str, Any]]:
    """A row of every run: what decomposed, its greatest component error, residual and CPU seconds."""
    k = arguments.components
    truth = draw(1, 1, arguments.dimension, k, seed, law=law).truth
    pairs = Pairs(truth, "relu", count, seed)
    moments = first_moments(pairs)
    bases, cross = spaces(moments, k)
    tensor = mixed_moment(pairs, bases, moments.a)
    runs: list[tuple[str, Any]] = [("joint diagonalisation", lambda: diagonal(tensor, seed))]
    runs += [("ALS", lambda start=start: alternating(tensor, seed, start)) for start in range(arguments.starts)]
    rows = []
    for name, run in runs:
        clock = time.process_time()
        b, left_over = run()
        seconds = time.process_time() - clock
        found = outer(bases, relu_columns(b, tensor, cross))
        error = float(component_errors(found, truth, "relu")[0].max())
        rows.append({"by": name, "seed": seed, "error": error, "residual": left_over, "seconds": seconds})
    return rows


def summary(law: str, count: int, name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    lost = sum(row["error"] > LOST for row in rows)
    low, high = wilson_interval(lost, len(rows))
    kept = [row["error"] for row in rows if row["error"] <= LOST]
    return {
        "W*": law,
        "N": f"{count:,}",
        "decomposition": name,
        "runs": len(rows),
        "lost": f"{lost / len(rows):.2f} [{low:.2f}, {high:.2f}]",
        "error": f"{np.median([row['error'] for row in rows]):.3f}",
        "greatest error not lost": f"{max(kept):.3f}" if kept else "–",
        "residual": f"{np.median([row['residual'] for row in rows]):.3f}",
        "greatest residual": f"{max(row['residual'] for row in rows):.3f}",
        "CPU ms": f"{1e3 * np.median([row['seconds'] for row in rows]):.1f}",
    }


def main() -> None:
    table = []
    for law in ("orthogonal", "gaussian"):
        for count in arguments.pairs:
            rows = [row for seed in range(arguments.trials) for row in trial(law, count, seed)]
            joint = [row for row in rows if row["by"] != "ALS"]
            als = [row for row in rows if row["by"] == "ALS"]
            best = [
                min((row for row in als if row["seed"] == seed), key=lambda row: row["residual"])
                for seed in range(arguments.trials)
            ]
            for name, runs in (("joint diagonalisation", joint), ("ALS, all starts", als), ("ALS, best start", best)):
                table.append(summary(law, count, name, runs))
            print(f"{law}, {count:,} pairs done", flush=True)
    shown = tabulate(table, headers="keys", tablefmt="github", disable_numparse=True)
    text = "\n".join(["# Decompositions of ReLU's mixed moment", "", NOTE.format(**vars(arguments)), shown])
    print(text)
    if arguments.to:
        write_csv(arguments.to / "decomposition.csv", table, list(table[0]))
        write_text(arguments.to / "decomposition.md", text + "\n")


if __name__ == "__main__":
    main()
