"""The search for the top of a ranking beside torch.topk and numpy.argpartition: CPU time, as ratios to torch.topk.

Each row is a block of users with another number of items. The time of the product that gives the scores stands beside
it. Repetitions are interleaved.
"""

import argparse
import statistics
import time

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--items", type=int, nargs="+", default=[1500, 3706, 12000, 63001])
for option, default in (("k", 11), ("embedding-size", 64), ("repeats", 9)):
    parser.add_argument(f"--{option}", type=int, default=default)
arguments = parser.parse_args()

import numpy as np  # noqa: E402
import torch  # noqa: E402
from tabulate import tabulate  # noqa: E402

from dotbench.evaluation.topk import CELLS, top  # noqa: E402


def main() -> None:
    torch.set_num_threads(1)
    rows = []
    for n_items in arguments.items:
        generator = torch.Generator().manual_seed(0)
        users = torch.randn(CELLS // n_items, arguments.embedding_size, generator=generator)
        items = torch.randn(n_items, arguments.embedding_size, generator=generator)
        scores, k = users @ items.T, arguments.k
        array = scores.numpy()
        assert torch.equal(top(scores, k)[0], scores.topk(k).values)
        methods = {
            "torch.topk": lambda scores=scores, k=k: scores.topk(k),
            "numpy.argpartition": lambda array=array, k=k: np.argpartition(array, -k)[:, -k:],
            "dotbench": lambda scores=scores, k=k: top(scores, k),
            "the product": lambda users=users, items=items: users @ items.T,
        }
        seconds: dict[str, list[float]] = {name: [] for name in methods}
        for _ in range(arguments.repeats):
            for name, method in methods.items():
                start = time.process_time()
                method()
                seconds[name].append(time.process_time() - start)
        medians = {name: statistics.median(times) for name, times in seconds.items()}
        peer = medians["torch.topk"]
        ratios = [f"{median / peer:.2f}" for name, median in medians.items() if name != "torch.topk"]
        rows.append((n_items, f"{1e9 * peer / scores.numel():.2f}", *ratios))
    head = ["items", "torch.topk, ns a score", "numpy.argpartition", "dotbench", "the product"]
    print(tabulate(rows, head, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
