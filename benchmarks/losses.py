"""CPU seconds per epoch of every loss by stochastic gradients, and of pair scores beside plain gathering."""

import argparse
import os
import statistics
import time
from types import SimpleNamespace

parser = argparse.ArgumentParser(description=__doc__)
for option, default in (("users", 6040), ("items", 3706), ("ratings", 1_000_000), ("threads", 1), ("epochs", 3)):
    parser.add_argument(f"--{option}", type=int, default=default)
parser.add_argument("--models", nargs="+", default=["mf", "lightgcn"])
arguments = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(arguments.threads)  # before numpy and torch are loaded

import torch  # noqa: E402
from _data import training_pairs  # noqa: E402
from tabulate import tabulate  # noqa: E402

from dotbench.losses.base import losses  # noqa: E402
from dotbench.matrix import TrainMatrix  # noqa: E402
from dotbench.models.base import models  # noqa: E402
from dotbench.settings.method import MethodChoice, resolve  # noqa: E402
from dotbench.solvers.base import Problem  # noqa: E402
from dotbench.solvers.sgd import SGD, GradientTrainer  # noqa: E402
from dotbench.vectors import Tables  # noqa: E402

GATHERED = "bpr"  # the loss that is also trained on gathered vectors, as other libraries do


class Gathered(Tables):
    """Scores of pairs from gathered item vectors."""

    def pair_scores(self, users: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        return (self.items(items) * self.users(users)[:, None]).sum(-1)


def epochs(model: str, loss: str, train: TrainMatrix, gather: bool = False) -> tuple[int, list[float]]:
    """Updates of an epoch, and CPU seconds of each epoch after the first."""
    method = resolve(MethodChoice(model=model, loss=loss, solver="sgd", grid={}))
    settings = SimpleNamespace(**method.settings)
    trainer = GradientTrainer(
        Problem(
            model=method.model,
            loss=method.loss(settings),  # type: ignore[misc]
            settings=settings,
            train=lambda dtype: train,
            validate=lambda users, items: 0.0,
            init_seed=0,
            device="cpu",
        )
    )
    if gather:
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
    works = [("mf", GATHERED, True)]
    for model in arguments.models:
        for name, loss in losses().items():
            if SGD.can_solve(models()[model], loss):
                works.append((model, name, False))
    rows, peer = [], None
    for model, loss, gather in works:
        updates, times = epochs(model, loss, train, gather)
        median = statistics.median(times)
        peer = peer or median
        label = f"{model} {loss}" + (", gathered (peer)" if gather else "")
        rows.append((label, updates, f"{median:.2f}", f"{min(times):.2f}–{max(times):.2f}", f"{median / peer:.2f}"))
        print(rows[-1], flush=True)
    print(f"{arguments.users} × {arguments.items}, {len(pairs)} training pairs, {arguments.threads} thread(s)")
    columns = ["", "updates", "CPU s an epoch", "range", "ratio to peer"]
    print(tabulate(rows, columns, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
