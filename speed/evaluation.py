"""The search for the top of a ranking beside torch.topk and numpy.argpartition: CPU time, as ratios to torch.topk.

Each row is a block of users with another number of items. The time of the product that gives the scores stands beside
it. Repetitions are interleaved.

With ``--split``, instead, a whole evaluation beside RecBole's: NDCG@10 on the validation part, of one and the same
vectors, over all items without the training pairs. The two values are asserted to be equal. What each builds once for a
split is not timed. RecBole takes as many users at a time as there are items in ``eval_batch_size`` scores; its own
value of that and a larger one are timed.
"""

import argparse
import statistics
import time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--split", type=Path, help="a split's .npz")
parser.add_argument("--to", type=Path, help="with --split: folder for evaluation.csv and evaluation.md")
parser.add_argument("--items", type=int, nargs="+", default=[1500, 3706, 12000, 63001])
for option, default in (("k", 11), ("embedding-size", 64), ("repeats", 9)):
    parser.add_argument(f"--{option}", type=int, default=default)
arguments = parser.parse_args()

import numpy as np  # noqa: E402
import torch  # noqa: E402
from _clock import model_of_cpu  # noqa: E402
from tabulate import tabulate  # noqa: E402

from dotbench.datasets.interactions import load_split  # noqa: E402
from dotbench.evaluation.topk import CELLS, Ranking, ndcg, top, vector_scorer  # noqa: E402
from dotbench.files import write_csv, write_text  # noqa: E402


def whole(path: Path, to: Path | None) -> None:
    """A whole evaluation beside RecBole's."""
    import recbole
    from _recbole import RANK, RecBole

    split = load_split(path)
    peers = {cells: RecBole("BPR", split, 0, eval_batch_size=cells) for cells in (4096, CELLS)}
    first = next(iter(peers.values()))
    first.epoch(0)
    users, items = (torch.from_numpy(one) for one in first.vectors())
    for peer in peers.values():
        peer.model.load_state_dict(first.model.state_dict())
    ranking = Ranking(split.valid, split.train, split.n_users, split.n_items)
    methods = {f"RecBole, eval_batch_size {cells}": peer.ndcg for cells, peer in peers.items()} | {
        "dotbench": lambda: float(ndcg(ranking.hits(vector_scorer(users, items)), ranking.n_relevant).mean())
    }
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    values = {}
    for _ in range(arguments.repeats):
        for name, method in methods.items():
            start = time.process_time()
            values[name] = method()
            seconds[name].append(time.process_time() - start)
    assert np.allclose([*values.values()], values["dotbench"], rtol=0, atol=1e-9), values
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    rows = [
        {
            "method": name,
            "cpu_seconds": f"{median:.4f}",
            "ratio_to_ours": f"{median / medians['dotbench']:.1f}",
            "ndcg": f"{values[name]:.9f}",
        }
        for name, median in medians.items()
    ]
    text = "\n".join(
        [
            f"{len(ranking.users)} users ranked among {split.n_items} items, K = {RANK}, 1 thread, medians of "
            f"{arguments.repeats}. CPU: {model_of_cpu()}. numpy {np.__version__}, torch {torch.__version__}, recbole "
            f"{recbole.__version__}.",
            "",
            tabulate(
                [[*row.values()] for row in rows],
                ["", "CPU s", "ratio to ours", "NDCG@10"],
                "github",
                disable_numparse=True,
            ),
            "",
        ]
    )
    print(text)
    if to:
        to.mkdir(parents=True, exist_ok=True)
        write_text(to / "evaluation.md", text)
        write_csv(to / "evaluation.csv", rows, [*rows[0]])


def main() -> None:
    torch.set_num_threads(1)
    if arguments.split:
        whole(arguments.split, arguments.to)
        return
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
