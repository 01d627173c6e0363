"""CPU seconds of an epoch of every ranking loss by SGD; BPR and softmax beside plain ways to compute them."""

import argparse
import os
import statistics
import time

parser = argparse.ArgumentParser(description=__doc__)
for option, default in (("users", 6040), ("items", 3706), ("ratings", 1_000_000), ("threads", 1), ("epochs", 3)):
    parser.add_argument(f"--{option}", type=int, default=default)
parser.add_argument("--models", nargs="+", default=["mf", "lightgcn"])
parser.add_argument("--losses", nargs="+", help="only these")
arguments = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(arguments.threads)  # before numpy and torch are loaded

import torch  # noqa: E402
from _data import training_pairs  # noqa: E402
from tabulate import tabulate  # noqa: E402

from dotbench.losses.base import Batch, losses  # noqa: E402
from dotbench.losses.softmax import Softmax  # noqa: E402
from dotbench.models.base import models  # noqa: E402
from dotbench.numerics.matrix import TrainMatrix  # noqa: E402
from dotbench.numerics.vectors import Tables, Vectors  # noqa: E402
from dotbench.runs.method import MethodChoice, resolve  # noqa: E402
from dotbench.solvers.base import Problem  # noqa: E402
from dotbench.solvers.sgd import SGD, GradientTrainer  # noqa: E402

PEERS = {("mf", "bpr"): "gathered vectors", ("mf", "softmax"): "autograd on all scores"}


class Gathered(Tables):
    """Scores of pairs from gathered item vectors."""

    def pair_scores(self, users: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        return (self.items(items) * self.users(users)[:, None]).sum(-1)


class Autograd(Softmax):
    """Softmax from the whole matrix of scores."""

    def user_losses(self, vectors: Vectors, batch: Batch) -> torch.Tensor:
        users, rows, items, counts = batch
        scores = vectors.users(users) @ vectors.items().T
        positives = torch.zeros_like(counts).index_add(0, rows, scores[rows, items])
        return counts * torch.logsumexp(scores, dim=1) - positives


def epochs(model: str, loss: str, train: TrainMatrix, plain: bool = False) -> tuple[int, list[float]]:
    """Updates of an epoch, and CPU seconds of each epoch after the first. ``plain``: as libraries commonly do it, from
    gathered vectors or by autograd on all scores."""
    method = resolve(MethodChoice(model=model, loss=loss, solver="sgd", grid={}))
    settings = method.validated(method.settings)
    trainer = GradientTrainer(
        Problem(
            model=method.model,
            loss=(Autograd if plain and loss == "softmax" else method.loss)(settings),  # type: ignore[misc]
            settings=settings,
            train=lambda dtype: train,
            validate=lambda users, items: 0.0,
            init_seed=0,
            device="cpu",
        )
    )
    if plain and loss == "bpr":
        users, items = trainer.model.parameters()
        trainer.model.vectors = lambda: Gathered(users, items)
    found = []
    for _ in range(arguments.epochs + 1):
        start = time.process_time()
        updates = trainer.epoch()
        found.append(time.process_time() - start)
    return updates, found[1:]


def main() -> None:
    torch.set_num_threads(arguments.threads)
    pairs = training_pairs(arguments.users, arguments.items, arguments.ratings)
    train = TrainMatrix(pairs, arguments.users, arguments.items)
    works = []
    for model in arguments.models:
        for name, loss in losses().items():
            if loss.task != "ranking" or name not in (arguments.losses or losses()):
                continue
            if SGD.can_solve(models()[model], loss):
                works += [(model, name, plain) for plain in (True, False) if not plain or (model, name) in PEERS]
    rows, peers = [], {}
    for model, loss, plain in works:
        updates, times = epochs(model, loss, train, plain)
        median = statistics.median(times)
        if plain:
            peers[model, loss] = median
        label = f"{model} {loss}" + (f", {PEERS[model, loss]} (peer)" if plain else "")
        ratio = f"{median / peers[model, loss]:.2f}" if (model, loss) in peers else ""
        rows.append((label, updates, f"{median:.2f}", f"{min(times):.2f}–{max(times):.2f}", ratio))
        print(rows[-1], flush=True)
    print(f"{arguments.users} × {arguments.items}, {len(pairs)} training pairs, {arguments.threads} thread(s)")
    columns = ["", "updates", "CPU s an epoch", "range", "ratio to peer"]
    print(tabulate(rows, columns, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
