"""The global optimum of a spectral loss, from one decomposition."""

from typing import Any, Literal

from pydantic import Field

from dotbench.datasets.interactions import Split
from dotbench.errors import DotbenchError
from dotbench.lazy import torch
from dotbench.losses.base import SpectralLoss, losses
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import VectorSettings
from dotbench.settings import Settings, validate
from dotbench.solvers.base import Problem, Solution, Solver
from dotbench.solvers.decomposition import Spectrum, decompose, load_spectrum

START_SEED = 0  # of the Gaussian start: the optimum does not depend on it, beyond the tolerance


class SpectralSettings(Settings):
    """Settings of the solver `spectral`."""

    tolerance: float = Field(
        1e-5, gt=0, le=0.01, description="bound on the share of Σ σ_k² over the rank that is missed"
    )
    block_size: int = Field(16, ge=1, description="columns of a block step")
    iterations: int = Field(100, ge=1, description="cap on block steps, beyond those that the rank needs")
    dtype: Literal["float32", "float64"] = Field("float32", description="precision of the decomposition")


class DecompositionSettings(SpectralSettings, VectorSettings):
    """What a decomposition is made of: the loss, the rank (``embedding_size``) and the solver's settings."""

    loss: str


class Spectral(Solver):
    """A soft-thresholded truncated SVD (docs/rg2-spectral.md): all regularisations and all smaller ranks share one
    decomposition, which is computed once for a dataset and split."""

    name = "spectral"
    title = "spectral"
    requires = SpectralLoss
    needs_free_vectors = True
    Settings = SpectralSettings

    def solve(self, problem: Problem) -> Solution:
        settings, rank = problem.settings_of(SpectralSettings), problem.settings_of(VectorSettings).embedding_size
        dtype = getattr(torch, settings.dtype)
        train = problem.train(dtype)
        if problem.spectrum is not None:
            spectrum = load_spectrum(problem.spectrum, problem.device, dtype)
            needed = min(rank, train.n_users, train.n_items)
            if len(spectrum.values) < needed:
                raise DotbenchError(f"{problem.spectrum}: has rank {len(spectrum.values)}; needed is {needed}")
        else:
            spectrum = decompose_loss(type(problem.loss), train, rank, settings)
        users, items = problem.loss.optimum(train, spectrum, rank)
        missing = rank - users.shape[1]  # rank beyond min(M, N): zero columns
        users, items = (torch.nn.functional.pad(vectors, (0, missing)) for vectors in (users, items))
        row = {
            "epoch": 1,
            "updates": 1,
            "seconds": spectrum.seconds,
            "cpu_seconds": spectrum.cpu_seconds,
            "loss": problem.loss.objective(train, users, items),
            **problem.validate(users, items),
        }
        facts = {
            "iterations": spectrum.iterations,
            "missed": spectrum.missed,
            "residual": spectrum.residual,
            "rank": len(spectrum.values),
            "peak_memory_bytes": spectrum.peak_memory_bytes,
            "cpu_share_of_others": spectrum.cpu_share_of_others,
        }
        return Solution(users, items, [row], best_epoch=1, extra={"decomposition": facts})


def decompose_loss(loss: type[SpectralLoss], train: TrainMatrix, rank: int, settings: SpectralSettings) -> Spectrum:
    """The decomposition of the loss's matrix at ``rank``, to the solver's settings."""
    return decompose(
        loss.target(train),
        rank,
        settings.block_size,
        settings.tolerance,
        settings.iterations,
        START_SEED,
        train.device,
        train.dtype,
    )


def decompose_split(artefact: dict[str, Any], split: Split, device: str) -> Spectrum:
    """The artefact of a split: ``artefact`` has the keys of `DecompositionSettings`."""
    settings = validate(DecompositionSettings, artefact, "decomposition")
    train = TrainMatrix(split.train, split.n_users, split.n_items, device, getattr(torch, settings.dtype)).ready()
    return decompose_loss(losses()[settings.loss], train, settings.embedding_size, settings)
