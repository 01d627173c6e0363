"""Training of packs of towers: timing, validation, early stopping, checkpoints."""

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotbench.errors import DotbenchError
from dotbench.evaluation.rmse import rmse
from dotbench.files import digest
from dotbench.lazy import torch
from dotbench.papers.t2rec.towers.fitted import Ended, FittedTowers, Result
from dotbench.papers.t2rec.towers.gauss_newton import GaussNewton
from dotbench.papers.t2rec.towers.programs import AllRows, TwoTowers, program
from dotbench.papers.t2rec.towers.sample import Sample, Stacked
from dotbench.papers.t2rec.towers.settings import Architecture, Training
from dotbench.papers.t2rec.towers.trainers import GradientTrainer, Trainer
from dotbench.solvers.checkpoint import load, save

CHECKPOINT_SECONDS = 20.0


@dataclass(frozen=True)
class Fit:
    """One pair of towers to be trained. ``seed``: of the initial parameters and the order of the pairs.

    ``initial``: towers whose parameters are started from instead. They must have been made on the same covariates, or
    on raw ones. Where there are validation ratings, they are kept if no epoch has a lower error on these.
    """

    sample: Sample
    architecture: Architecture
    training: Training
    seed: int
    initial: FittedTowers | None = None

    def pack(self) -> str:
        """Fits with the same one may be trained as one tensor program."""
        shape = [list(part) for part in self.sample.shape]
        return digest([self.architecture.model_dump(), self.training.program(), shape])

    def digest(self) -> str:
        """Names the fit, its data included."""
        running = hashlib.sha256()
        sample = self.sample
        for array in (
            sample.users,
            sample.items,
            sample.pairs,
            sample.ratings,
            sample.valid_pairs,
            sample.valid_ratings,
        ):
            running.update(array.tobytes())
        if self.initial is not None:
            running.update(self.initial.parameters.cpu().numpy().tobytes())
        return digest([self.pack(), self.training.model_dump(), self.seed, running.hexdigest()])


def packs(fits: Sequence[Fit], largest: int) -> Iterator[list[int]]:
    """Places of fits that go together, at most ``largest`` of them. Gauss–Newton's go alone."""
    groups: dict[str, list[int]] = {}
    for place, fit in enumerate(fits):
        groups.setdefault(fit.pack(), []).append(place)
    for places in groups.values():
        size = 1 if fits[places[0]].training.optimizer == "gauss-newton" else largest
        for start in range(0, len(places), size):
            yield places[start : start + size]


def train(
    fits: Sequence[Fit], device: str = "cpu", checkpoint: Path | None = None, say: Callable[[str], None] = print
) -> list[Result]:
    """Train a pack of fits as one tensor program.

    The clock runs during epochs alone. CUDA is synchronised before it is read. A fit that ends leaves the pack, one
    that diverges too. What a fit comes to does not depend on the others, beyond rounding. An interrupted training
    continues from ``checkpoint`` and, on CPU, ends bit-equal to an uninterrupted one. Raises DotbenchError for fits
    that do not go together.
    """
    if len({fit.pack() for fit in fits}) != 1 or (len(fits) > 1 and fits[0].training.optimizer == "gauss-newton"):
        raise DotbenchError(f"{len(fits)} fits in a pack: found different programs; allowed is one, see `packs`")
    with torch.no_grad():
        return _Run(fits, device, say).results(checkpoint)


class _Run:
    """A pack in training. ``alive``: places of the fits that are, in the order of the trainer's replicas."""

    def __init__(self, fits: Sequence[Fit], device: str, say: Callable[[str], None]) -> None:
        first = fits[0]
        self.fits, self.device, self.say = fits, device, say
        dtype = getattr(torch, first.training.dtype)
        standardised = first.architecture.inputs == "standardised"
        self.data = Stacked([fit.sample for fit in fits], standardised, dtype, device)
        self.towers = TwoTowers(first.architecture, [x.shape[2] for x in self.data.inputs])
        pairs = min(first.training.batch_size, len(first.sample.pairs))
        newton = first.training.optimizer == "gauss-newton"
        kind = AllRows if newton else program(pairs, self.data.inputs)
        self.program = kind.name
        settings, seeds = [fit.training for fit in fits], [fit.seed for fit in fits]
        trainer: type[Trainer] = GaussNewton if newton else GradientTrainer
        self.trainer = trainer(self.towers, self.data, settings, seeds, kind)
        for place, fit in enumerate(fits):
            if fit.initial is not None:
                self.trainer.parameters[place] = fit.initial.parameters
        self.watches = len(first.sample.valid_pairs) > 0
        self.alive = list(range(len(fits)))
        self.curves: list[list[dict[str, Any]]] = [[] for _ in fits]
        self.ended: dict[int, Ended] = {}
        self.best: list[dict[str, Any]] = [{"watched": math.inf, "epoch": 0} for _ in fits]
        self.parameters = self.trainer.parameters.clone()  # the best ones of every fit
        if self.watches:
            self._judge_starts()

    def _judge_starts(self) -> None:
        """A start that was given is kept where no epoch has a lower validation RMSE: epoch 0."""
        given = [place for place, fit in enumerate(self.fits) if fit.initial is not None]
        if given:
            checked = self.trainer.watched(self.data.valid_rows, self.data.valid_ratings).tolist()
            for place in given:
                self.best[place] = {"watched": checked[place], "epoch": 0}

    def results(self, checkpoint: Path | None) -> list[Result]:
        key = digest([fit.digest() for fit in self.fits])
        saved = load(checkpoint, key, self.device, self.say)
        if saved is not None:
            self._restore(saved)
            self.say(f"continuing after epoch {self._epochs()}")
        last_saved = time.monotonic()
        while self.alive:
            self._epoch()
            if checkpoint is not None and self.alive and time.monotonic() - last_saved >= CHECKPOINT_SECONDS:
                last_saved = time.monotonic()
                save(checkpoint, {"key": key, **self._state()})
        if checkpoint is not None:
            checkpoint.unlink(missing_ok=True)
        return self._finish()

    def _epochs(self) -> int:
        return max(len(curve) for curve in self.curves)

    def _epoch(self) -> None:
        """One epoch of all that are alive, and who ends with it."""
        number = self._epochs()
        wall, cpu = self._clock()
        loss = self.trainer.epoch(number)
        now_wall, now_cpu = self._clock()
        share = len(self.alive)
        losses = loss.tolist()
        checked = (
            self.trainer.watched(self.data.valid_rows, self.data.valid_ratings).tolist() if self.watches else losses
        )
        for replica, place in enumerate(self.alive):
            curve = self.curves[place]
            before = curve[-1] if curve else {"updates": 0, "seconds": 0.0, "cpu_seconds": 0.0}
            row = {
                "epoch": number + 1,
                "updates": before["updates"] + self.trainer.updates,
                "seconds": before["seconds"] + (now_wall - wall) / share,
                "cpu_seconds": before["cpu_seconds"] + (now_cpu - cpu) / share,
                "loss": losses[replica],
                "validation": checked[replica] if self.watches else math.nan,
            }
            curve.append(row)
            self._judge(replica, place, checked[replica])
        going = [replica for replica, place in enumerate(self.alive) if place not in self.ended]
        if len(going) < len(self.alive):
            self.alive = [self.alive[replica] for replica in going]
            self.trainer.keep(torch.tensor(going, dtype=torch.int64, device=self.device))

    def _judge(self, replica: int, place: int, watched: float) -> None:
        """Whether the epoch was the fit's best, and whether it was its last."""
        training, best, row = self.fits[place].training, self.best[place], self.curves[place][-1]
        if not (math.isfinite(row["loss"]) and math.isfinite(watched)):
            self.ended[place] = "diverged"
            return
        if watched < best["watched"]:
            self.best[place] = best = {"watched": watched, "epoch": row["epoch"]}
            self.parameters[place] = self.trainer.parameters[replica]
        if self.trainer.finished or row["epoch"] - best["epoch"] >= training.patience:
            self.ended[place] = "converged"
        elif row["epoch"] >= training.epochs:
            self.ended[place] = "cap"

    def _clock(self) -> tuple[float, float]:
        if self.device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter(), time.process_time()

    def _state(self) -> dict[str, Any]:
        return {
            "alive": self.alive,
            "curves": self.curves,
            "ended": self.ended,
            "best": self.best,
            "parameters": self.parameters,
            "trainer": self.trainer.state(),
        }

    def _restore(self, saved: dict[str, Any]) -> None:
        self.alive, self.curves, self.ended = saved["alive"], saved["curves"], saved["ended"]
        self.best, self.parameters = saved["best"], saved["parameters"]
        self.trainer.keep(torch.tensor(self.alive, dtype=torch.int64, device=self.device))
        self.trainer.restore(saved["trainer"])

    def _finish(self) -> list[Result]:
        """The best towers of every fit, and their errors."""
        first, results = self.fits[0], []
        for place, fit in enumerate(self.fits):
            towers = FittedTowers(
                fit.architecture,
                self.parameters[place].clone(),
                self.data.scales[place],
                (first.sample.users.shape[1], first.sample.items.shape[1]),
            )
            results.append(
                Result(
                    towers=towers,
                    curve=self.curves[place],
                    best_epoch=self.best[place]["epoch"],
                    ended=self.ended[place],
                    train_rmse=_rmse(towers, fit.sample, fit.sample.pairs, fit.sample.ratings),
                    validation_rmse=_rmse(towers, fit.sample, fit.sample.valid_pairs, fit.sample.valid_ratings),
                    program=self.program,
                    replicas=len(self.fits),
                )
            )
        return results


def _rmse(towers: FittedTowers, sample: Sample, pairs: Any, ratings: Any) -> float:
    if not len(pairs):
        return math.nan
    return rmse(ratings, towers.predict(sample.users, sample.items, pairs))
