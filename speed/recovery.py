"""CPU milliseconds of NIMC's objective with its gradient or its Jacobian, beside torch's automatic derivatives.

python speed/recovery.py --to docs/evidence/nimc/speed

Per problem; torch solves one at a time. Memory that an evaluation touches per second stands beside that of copying.
The sizes are those of the NIMC paper's Figure 1, of the starts at equal numbers of labels and of the scans of needed
entries. Repetitions are interleaved.
"""

import argparse
import os
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--activation", choices=["sigmoid", "relu", "tanh"], default="sigmoid")
parser.add_argument("--problems", type=int, nargs="+", default=[1, 20])
parser.add_argument("--rounds", type=int, default=7)
parser.add_argument("--seconds", type=float, default=0.3, help="CPU time of a method in a round, at least")
parser.add_argument("--to", type=Path, help="folder for speed.csv and speed.md; else printed only")
arguments = parser.parse_args()
os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is loaded

import numpy as np  # noqa: E402
import torch  # noqa: E402
from _clock import milliseconds  # noqa: E402
from tabulate import tabulate  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils._pytree import tree_leaves  # noqa: E402

from dotbench.execution.hardware import machine  # noqa: E402
from dotbench.files import write_csv, write_text  # noqa: E402
from dotbench.papers.nimc.recovery.problems import Instance, Problems, draw, random_start  # noqa: E402

Evaluate = Callable[[torch.Tensor], tuple[torch.Tensor, ...]]
GRADIENT, JACOBIAN = "gradient", "Jacobian"
SIZES = [  # what is evaluated, where, n, m, d, k
    (GRADIENT, "Figure 1 (a)", 1000, 10_000, 10, 5),
    (GRADIENT, "Figure 1 (b)", 500, 8000, 100, 10),
    (GRADIENT, "Figure 1 (b)", 500, 20_000, 100, 10),
    (GRADIENT, "equal labels", 500, 120_000, 100, 10),
    (GRADIENT, "Figure 1 (c)", 100, 500, 10, 5),
    (GRADIENT, "Figure 1 (d)", 200, 2000, 10, 5),
    (JACOBIAN, "entries", 120, 96, 12, 2),
    (JACOBIAN, "entries", 480, 384, 48, 2),
]
COPIED = 1 << 25  # numbers that are copied to find the memory's speed
NOTE = """\
{activation}, one thread of {cpu}; medians of {rounds} interleaved rounds. An evaluation is that of the objective with \
its gradient, or with its Jacobian J, Jᵀr and JᵀJ. torch: automatic derivatives, one problem at a time. MB: what the \
operations of an evaluation read and write, each array once for each operation; the loop over the entries is one of \
them. GB/s: the same over the time. Copying an array of {array:.0f} MB reads and writes {copied:.1f} GB/s; the last \
column is the share of what it did in the same rounds. Arrays that stay in a cache are read faster than that.
"""


class Touched(TorchDispatchMode):
    """``bytes`` of the tensors that operations read and write, views apart."""

    bytes = 0

    def __torch_dispatch__(self, operation: Any, types: Any, inputs: Any = (), named: Any = None) -> Any:
        outputs = operation(*inputs, **(named or {}))
        if not operation.is_view:
            tensors = (part for part in tree_leaves((inputs, named, outputs)) if isinstance(part, torch.Tensor))
            self.bytes += sum(map(size, tensors))
        return outputs


def size(tensor: torch.Tensor) -> int:
    """Bytes of a tensor, of a sparse one those of its parts; what is repeated by a view counts once."""
    if tensor.layout == torch.sparse_csr:
        return sum(size(part) for part in (tensor.crow_indices(), tensor.col_indices(), tensor.values()))
    return min(tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes())


def in_loop(problems: Problems) -> int:
    """Bytes that the compiled loop over the entries reads and writes for a problem, each array once: rows and values of
    the entries, φ(XU), φ(YV), and the gradients in them."""
    n, k = problems.n, problems.truth.shape[-1]
    return 8 * (3 * problems.m + 3 * 2 * n * k)


def automatic(instance: Instance, what: str) -> Evaluate:
    """f and its gradient, or f, its gradient and JᵀJ/m, of one problem, as one would write them."""
    phi = getattr(torch, arguments.activation)
    x, y, truth = (torch.from_numpy(part) for part in (instance.x, instance.y, instance.truth))
    i, j = torch.from_numpy(instance.rows)

    def model(w: torch.Tensor) -> torch.Tensor:
        return (phi(x @ w[0])[i] * phi(y @ w[1])[j]).sum(1)

    values = model(truth)

    def gradient(w: torch.Tensor) -> tuple[torch.Tensor, ...]:
        w = w.clone().requires_grad_()
        f = (model(w) - values).square().mean() / 2
        return f.detach(), torch.autograd.grad(f, w)[0]

    def jacobian(w: torch.Tensor) -> tuple[torch.Tensor, ...]:
        residuals = model(w) - values
        j = torch.autograd.functional.jacobian(model, w, vectorize=True).flatten(1)
        m = len(residuals)
        return residuals.square().mean() / 2, (residuals @ j).view_as(w) / m, j.T @ j / m

    return gradient if what == GRADIENT else jacobian


def repeated(evaluate: Evaluate, w: torch.Tensor, count: int) -> Callable[[], int]:
    """One evaluation at ``w``, which is ``count`` problems."""

    def work() -> int:
        evaluate(w)
        return count

    return work


def copying() -> Callable[[], int]:
    source, target = (torch.ones(COPIED, dtype=torch.float64) for _ in range(2))

    def work() -> int:
        target.copy_(source)
        return 1

    return work


def lines(what: str, where: str, n: int, m: int, d: int, k: int) -> list[dict[str, Any]]:
    """A line for every number of problems at once."""
    drawn = [draw(n, m, d, k, seed) for seed in range(max(arguments.problems))]
    starts = torch.from_numpy(np.stack([random_start(d, k, seed) for seed in range(len(drawn))]))
    peer = automatic(drawn[0], what)
    methods = {"torch": repeated(peer, starts[0], 1), "copy": copying()}
    touched = {}
    for count in arguments.problems:
        problems = Problems(drawn[:count], arguments.activation)
        ours = problems.value_and_gradient if what == GRADIENT else problems.gauss_newton
        with Touched() as counted:
            evaluated = ours(starts[:count])
        for found, expected in zip(evaluated, peer(starts[0]), strict=True):
            assert torch.allclose(found[0], expected, rtol=1e-9, atol=1e-12)
        touched[count] = counted.bytes / count + (in_loop(problems) if what == GRADIENT else 0)
        methods[f"{count}"] = repeated(ours, starts[:count], count)
    spent: dict[str, list[float]] = {name: [] for name in methods}
    for _ in range(arguments.rounds):
        for name, work in methods.items():
            spent[name].append(milliseconds(work, arguments.seconds))
    medians = {name: statistics.median(times) for name, times in spent.items()}
    copied = 2 * 8 * COPIED / medians["copy"] / 1e6
    common = {"evaluation": what, "of": where, "n": n, "m": m, "d": d, "k": k, "torch_ms": medians["torch"]}
    table = []
    for count, size_ in touched.items():
        ours_ms = medians[f"{count}"]
        line = common | {"at_once": count, "ms": ours_ms, "ratio": medians["torch"] / ours_ms, "mb": size_ / 1e6}
        table.append(line | {"gb_per_second": size_ / ours_ms / 1e6, "copy_gb_per_second": copied})
    return table


def shown(line: dict[str, Any]) -> dict[str, str]:
    return {
        **{name: str(line[name]) for name in ("evaluation", "of", "n")},
        "m": f"{line['m']:,}",
        **{name: str(line[name]) for name in ("d", "k")},
        "torch, ms": f"{line['torch_ms']:.3g}",
        "problems at once": str(line["at_once"]),
        "ms": f"{line['ms']:.3g}",
        "times as fast": f"{line['ratio']:.1f}",
        "MB": f"{line['mb']:.3g}",
        "GB/s": f"{line['gb_per_second']:.1f}",
        "of copying": f"{line['gb_per_second'] / line['copy_gb_per_second']:.2f}",
    }


def main() -> None:
    torch.set_num_threads(1)
    table = [line for size_ in SIZES for line in lines(*size_)]
    copied = statistics.median(line["copy_gb_per_second"] for line in table)
    note = NOTE.format(**vars(arguments), cpu=machine("cpu")["cpu"], copied=copied, array=8 * COPIED / 1e6)
    text = "\n".join([note, tabulate([shown(line) for line in table], "keys", "github", disable_numparse=True)])
    print(text)
    if arguments.to:
        write_csv(arguments.to / "speed.csv", table, list(table[0]))
        write_text(arguments.to / "speed.md", "# Batched problems of NIMC beside one at a time\n\n" + text + "\n")


if __name__ == "__main__":
    main()
