"""The training loop of all iterative solvers: timing, validation, early stopping, checkpoints, the curve."""

import math
import time
from dataclasses import dataclass
from typing import Any, Protocol

from dotbench.errors import FitFailed
from dotbench.lazy import torch
from dotbench.numerics.denormals import flushed
from dotbench.solvers.base import Problem, Solution
from dotbench.solvers.checkpoint import load, save

CHECKPOINT_SECONDS = 20.0
START: dict[str, Any] = {"epoch": 0, "updates": 0, "seconds": 0.0, "cpu_seconds": 0.0}


class Trainer(Protocol):
    """What the loop drives."""

    def epoch(self) -> int:
        """Train for one epoch. Return the number of parameter updates. This alone is timed."""

    def loss(self) -> float:
        """The training loss after (or, for batches, during) the last epoch."""

    def vectors(self) -> "tuple[torch.Tensor, torch.Tensor]":
        """User vectors (M, K) and item vectors (N, K) as they stand."""

    def state(self) -> dict[str, Any]:
        """Everything that the next epoch depends on, random states included."""

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state."""


@dataclass(frozen=True)
class Budget:
    """When training ends: after ``patience`` epochs and ``patience_updates`` updates without a better validation
    metric, or when ``epochs`` epochs and ``updates`` updates are used up. Both must hold: an epoch of user
    batches has far fewer updates than one of pair batches. The metric is looked at after ``every`` epochs."""

    epochs: int
    patience: int
    updates: int = 0
    patience_updates: int = 0
    every: int = 1


def run(trainer: Trainer, problem: Problem, budget: Budget) -> Solution:
    """Train until the budget ends and return the vectors of the best epoch.

    The clock runs during ``trainer.epoch`` alone. CUDA is synchronised before it is read. An interrupted run continues
    from its checkpoint and, on CPU, ends bit-equal to an uninterrupted one. The same holds for a paused run.
    """
    if problem.epochs is not None:
        budget = Budget(problem.epochs, problem.epochs)
    curve: list[dict[str, Any]] = []
    sign = 1 if problem.maximise else -1
    best: dict[str, Any] = {"validation": -sign * math.inf, "epoch": 0, "updates": 0, "vectors": None}
    saved = load(problem.checkpoint, problem.key, problem.device, problem.say)
    if saved is not None:
        trainer.restore(saved["trainer"])
        curve, best = saved["curve"], saved["best"]
        problem.say(f"continuing after epoch {curve[-1]['epoch'] if curve else 0}")
    last_saved = last_said = time.monotonic()
    paused = False
    while (ended := _ended(curve, best, budget)) is None:
        if curve and problem.pause is not None and _reached(curve[-1], problem.pause.epochs, problem.pause.updates):
            paused = True
            break
        with flushed():
            row = {key: (curve[-1] if curve else START)[key] for key in START}
            for _ in range(_until_next(row["epoch"], budget)):
                updates, seconds, cpu_seconds = _timed_epoch(trainer, problem.device)
                done = {"epoch": 1, "updates": updates, "seconds": seconds, "cpu_seconds": cpu_seconds}
                row = {key: row[key] + more for key, more in done.items()}
        row["loss"] = loss = trainer.loss()
        users, items = trainer.vectors()
        finite = math.isfinite(loss) and bool(torch.isfinite(users).all()) and bool(torch.isfinite(items).all())
        row |= problem.validate(users, items) if finite else {"validation": math.nan}
        if not math.isfinite(row["validation"]):
            _forget(problem)
            raise FitFailed(f"NaN or infinity in epoch {row['epoch']}: loss {loss}, validation {row['validation']}")
        curve.append(row)
        if problem.epochs is not None or sign * row["validation"] > sign * best["validation"]:
            best = {
                "validation": row["validation"],
                "epoch": row["epoch"],
                "updates": row["updates"],
                "vectors": (users.detach().clone(), items.detach().clone()),
            }
        now = time.monotonic()
        if now - last_said > 5:
            last_said = now
            problem.say(
                f"epoch {row['epoch']}: loss {loss:.6g}, validation {row['validation']:.5f}, best {best['epoch']}"
            )
        if problem.checkpoint is not None and now - last_saved >= CHECKPOINT_SECONDS:
            last_saved = now
            save(problem.checkpoint, _state(problem, trainer, curve, best))
    if paused:
        assert problem.checkpoint is not None
        save(problem.checkpoint, _state(problem, trainer, curve, best))
    else:
        _forget(problem)
    users, items = best["vectors"]
    if ended is not None:
        problem.say(f"ended by {ended} after {curve[-1]['epoch']} epochs, {curve[-1]['updates']} updates")
    return Solution(users, items, curve, best["epoch"], {} if ended is None else {"ended": ended}, paused)


def _until_next(epochs: int, budget: Budget) -> int:
    """Epochs to the next look at the validation part, after so many: no further than the cap."""
    left = budget.epochs - epochs
    return min(budget.every, left) if left > 0 else budget.every


def _state(problem: Problem, trainer: Trainer, curve: list[dict[str, Any]], best: dict[str, Any]) -> dict[str, Any]:
    return {"key": problem.key, "trainer": trainer.state(), "curve": curve, "best": best}


def _ended(curve: list[dict[str, Any]], best: dict[str, Any], budget: Budget) -> str | None:
    """The setting that ends training after the last epoch. Of two that must both be reached, the one reached last."""
    if not curve:
        return None
    epochs, updates = curve[-1]["epoch"], curve[-1]["updates"]
    if _reached(curve[-1], budget.epochs, budget.updates):
        return "updates" if epochs > budget.epochs else "epochs"
    if epochs - best["epoch"] >= budget.patience and updates - best["updates"] >= budget.patience_updates:
        return "patience_updates" if epochs - best["epoch"] > budget.patience else "patience"
    return None


def _reached(row: dict[str, Any], epochs: int, updates: int) -> bool:
    return bool(row["epoch"] >= epochs and row["updates"] >= updates)


def _timed_epoch(trainer: Trainer, device: str) -> tuple[int, float, float]:
    """(updates, wall seconds, CPU seconds) of one epoch."""

    def synchronise() -> None:
        if device == "cuda":
            torch.cuda.synchronize(device)

    synchronise()
    wall, cpu = time.perf_counter(), time.process_time()
    updates = trainer.epoch()
    synchronise()
    return updates, time.perf_counter() - wall, time.process_time() - cpu


def _forget(problem: Problem) -> None:
    if problem.checkpoint is not None:
        problem.checkpoint.unlink(missing_ok=True)
