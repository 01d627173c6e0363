"""CPU milliseconds of NIMC's objective and gradient, per problem, beside torch's autograd on one problem at a time.

The sizes are those of the NIMC paper's Figure 1. Repetitions are interleaved.
"""

import argparse
import os
import statistics
from collections.abc import Callable

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--activation", choices=["sigmoid", "relu", "tanh"], default="sigmoid")
parser.add_argument("--problems", type=int, nargs="+", default=[1, 20, 70])
parser.add_argument("--rounds", type=int, default=7)
parser.add_argument("--seconds", type=float, default=0.3, help="CPU time of a method in a round, at least")
arguments = parser.parse_args()
os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is loaded

import numpy as np  # noqa: E402
import torch  # noqa: E402
from _clock import milliseconds  # noqa: E402
from tabulate import tabulate  # noqa: E402

from dotbench.papers.nimc.recovery.problems import Instance, Problems, draw, random_start  # noqa: E402

SIZES = {"(a)": (1000, 10_000, 10, 5), "(b)": (500, 8000, 100, 10), "(b), more": (500, 20_000, 100, 10)}
SIZES |= {"(c)": (100, 500, 10, 5), "(d)": (200, 2000, 10, 5)}  # n, m, d, k


def autograd(instance: Instance) -> Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    """f and its gradient of one problem, as one would write them."""
    phi = getattr(torch, arguments.activation)
    x, y, truth = (torch.from_numpy(part) for part in (instance.x, instance.y, instance.truth))
    i, j = torch.from_numpy(instance.rows)

    def model(w: torch.Tensor) -> torch.Tensor:
        return (phi(x @ w[0])[i] * phi(y @ w[1])[j]).sum(1)

    values = model(truth)

    def both(w: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        w = w.clone().requires_grad_()
        f = (model(w) - values).square().mean() / 2
        return f.detach(), torch.autograd.grad(f, w)[0]

    return both


def evaluated(both: Callable[[torch.Tensor], object], w: torch.Tensor, count: int) -> Callable[[], int]:
    """One call of ``both`` at ``w``, which is ``count`` problems."""

    def work() -> int:
        both(w)
        return count

    return work


def main() -> None:
    torch.set_num_threads(1)
    rows = []
    for name, (n, m, d, k) in SIZES.items():
        drawn = [draw(n, m, d, k, seed) for seed in range(max(arguments.problems))]
        starts = torch.from_numpy(np.stack([random_start(d, k, seed) for seed in range(len(drawn))]))
        peer = autograd(drawn[0])
        methods = {"autograd": evaluated(peer, starts[0], 1)}
        for count in arguments.problems:
            problems = Problems(drawn[:count], arguments.activation)
            f, gradient = problems.value_and_gradient(starts[:count])
            for found, expected in zip((f[0], gradient[0]), peer(starts[0]), strict=True):
                assert torch.allclose(found, expected, rtol=1e-9, atol=1e-12)
            methods[f"{count} at once"] = evaluated(problems.value_and_gradient, starts[:count], count)
        spent: dict[str, list[float]] = {name: [] for name in methods}
        for _ in range(arguments.rounds):
            for label, work in methods.items():
                spent[label].append(milliseconds(work, arguments.seconds))
        medians = {label: statistics.median(times) for label, times in spent.items()}
        ratios = [f"{medians['autograd'] / medians[label]:.1f}" for label in methods if label != "autograd"]
        rows.append((name, n, m, d, k, f"{medians['autograd']:.2f}", *ratios))
    head = [
        "Figure 1",
        "n",
        "m",
        "d",
        "k",
        "autograd, ms",
        *(f"{count} at once, times as fast" for count in arguments.problems),
    ]
    print(tabulate(rows, head, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
