"""CPU milliseconds a step per replica: both programs beside plain torch.nn with autograd, one fit at a time.

``--compile`` adds the peer with its loss and gradient compiled by torch.compile, which needs a C++ compiler.
"""

import argparse
import os
import statistics
from collections.abc import Callable

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--rows", type=int, default=1500, help="users, and as many items")
parser.add_argument("--batches", type=int, nargs="+", default=[64, 256, 2048])
parser.add_argument("--replicas", type=int, nargs="+", default=[1, 5, 25])
parser.add_argument("--optimizer", choices=["sgd", "adam", "muon"], default="sgd")
parser.add_argument("--rounds", type=int, default=7)
parser.add_argument("--seconds", type=float, default=0.1, help="CPU time of a method in a round, at least")
parser.add_argument("--compile", action="store_true", help="also the peer under torch.compile")
arguments = parser.parse_args()
os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is loaded

import numpy as np  # noqa: E402
import torch  # noqa: E402
from _clock import milliseconds  # noqa: E402
from tabulate import tabulate  # noqa: E402

from dotbench.papers.t2rec.towers.programs import AllRows, BatchRows, Program, TwoTowers  # noqa: E402
from dotbench.papers.t2rec.towers.sample import Sample, Stacked  # noqa: E402
from dotbench.papers.t2rec.towers.settings import Architecture, Training  # noqa: E402
from dotbench.papers.t2rec.towers.trainers import GradientTrainer  # noqa: E402

PAIRS = 8192
COVARIATES = 50
ARCHITECTURE = Architecture()


def sample(seed: int) -> Sample:
    rng = np.random.default_rng(seed)
    users, items = (rng.random((arguments.rows, COVARIATES)) for _ in "ui")
    return Sample(users, items, rng.integers(arguments.rows, size=(PAIRS, 2)), rng.standard_normal(PAIRS))


def settings(batch: int) -> Training:
    return Training(optimizer=arguments.optimizer, learning_rate=1e-3, batch_size=batch, momentum=0.0)


def ours(kind: type[Program], batch: int, replicas: int) -> Callable[[], int]:
    data = Stacked([sample(seed) for seed in range(replicas)], True, torch.float32, "cpu")
    towers = TwoTowers(ARCHITECTURE, [COVARIATES, COVARIATES])
    trainer = GradientTrainer(towers, data, [settings(batch)] * replicas, list(range(replicas)), kind)

    def epoch() -> int:
        with torch.no_grad():
            trainer.epoch(0)
        return trainer.updates * replicas

    return epoch


def network() -> torch.nn.Sequential:
    a = ARCHITECTURE
    hidden = [layer for _ in range(a.depth - 2) for layer in (torch.nn.Linear(a.width, a.width), torch.nn.ReLU())]
    first = [torch.nn.Linear(COVARIATES, a.width), torch.nn.ReLU()]
    return torch.nn.Sequential(*first, *hidden, torch.nn.Linear(a.width, a.embedding_size))


def peer(batch: int, compiled: bool = False) -> Callable[[], int]:
    """The loop that one would write: batches of pairs through both networks, autograd, torch.optim."""
    data = sample(0)
    inputs = [torch.from_numpy(x).float() for x in (data.users, data.items)]
    pairs, ratings = torch.from_numpy(data.pairs), torch.from_numpy(data.ratings).float()
    towers = [network(), network()]
    parameters = [p for tower in towers for p in tower.parameters()]
    if arguments.optimizer == "sgd":
        optimizers: list[torch.optim.Optimizer] = [torch.optim.SGD(parameters, 1e-3)]
    elif arguments.optimizer == "adam":
        optimizers = [torch.optim.AdamW(parameters, 1e-3, weight_decay=0.0)]
    else:
        optimizers = [torch.optim.Muon([p for p in parameters if p.ndim == 2], 1e-3, weight_decay=0.0)]
        optimizers.append(torch.optim.AdamW([p for p in parameters if p.ndim == 1], 1e-4, weight_decay=0.0))

    def loss(users: torch.Tensor, items: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        return ((towers[0](users) * towers[1](items)).sum(-1) - truth).square().mean()

    error = torch.compile(loss) if compiled else loss

    def epoch() -> int:
        order = torch.randperm(PAIRS)
        for part in order.split(batch):
            for parameter in parameters:
                parameter.grad = None
            users, items = pairs[part].unbind(1)
            error(inputs[0][users], inputs[1][items], ratings[part]).backward()
            for optimizer in optimizers:
                optimizer.step()
        return -(-PAIRS // batch)

    return epoch


def main() -> None:
    torch.set_num_threads(1)
    rows = []
    for batch in arguments.batches:
        methods = {"torch.nn, one at a time (peer)": peer(batch)}
        if arguments.compile:
            methods["peer, torch.compile"] = peer(batch, compiled=True)
        for kind in (BatchRows, AllRows):
            for replicas in arguments.replicas:
                methods[f"{kind.name}, R = {replicas}"] = ours(kind, batch, replicas)
        times: dict[str, list[float]] = {name: [] for name in methods}
        for method in methods.values():
            method()  # does not count
        for _ in range(arguments.rounds):
            for name, method in methods.items():
                times[name].append(milliseconds(method, arguments.seconds))
        reference = statistics.median(next(iter(times.values())))
        for name, found in times.items():
            median = statistics.median(found)
            spread = f"{min(found):.3f}–{max(found):.3f}"
            rows.append((batch, name, f"{median:.3f}", spread, f"{reference / median:.2f}"))
    print(f"{arguments.rows} users and items, {arguments.optimizer}, one thread")
    print(tabulate(rows, ["B", "", "ms", "range", "times as fast as the peer"], tablefmt="github"))


if __name__ == "__main__":
    main()
