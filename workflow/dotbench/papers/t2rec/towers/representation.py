"""What an architecture has been seen to represent of the true functions of T2Rec's simulation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dotbench.datasets.generators.covariates import RepeatedCovariates
from dotbench.lazy import np, torch
from dotbench.papers.t2rec.towers.fitted import FittedTowers
from dotbench.papers.t2rec.towers.network import Tower
from dotbench.papers.t2rec.towers.optimizers import OPTIMIZERS
from dotbench.papers.t2rec.towers.sample import scale
from dotbench.papers.t2rec.towers.schedules import rates
from dotbench.papers.t2rec.towers.settings import Architecture, Training

HELD_OUT = 5000  # fresh points on which a regression is measured
POINTS, OTHERS = 6, 7  # streams of the points trained on and measured on; a simulation has those up to 5


@dataclass(frozen=True)
class Representation:
    """How near towers came to the true functions when they were regressed on them.

    ``user_error``, ``item_error``: E‖f̂ − f‖² / E‖f‖² over the points that count. ``rating_rmse``: what `rating_rmse`
    makes of them. ``direct_rmse``: the same of the fitted pair itself, over all pairs of these points.
    """

    user_error: float
    item_error: float
    rating_rmse: float
    direct_rmse: float


def rating_rmse(noise: float, truth: float, user_error: float, item_error: float) -> float:
    """√(σ² + (1 − (1 − e_u)(1 − e_i)) v): RMSE of ratings from the relative errors of both towers.

    ``noise``: σ². ``truth``: v = E (fᵀg)² = tr(C_f C_g), C_f = E ffᵀ. Derivation: let f = f̂ + δ. Where δ is
    uncorrelated with f̂, as the residual of a least-squares fit is, E f f̂ᵀ = E f̂ f̂ᵀ, so that for independent users and
    items E (fᵀg)(f̂ᵀĝ) = E (f̂ᵀĝ)² and E (fᵀg − f̂ᵀĝ)² = v − E (f̂ᵀĝ)². Where moreover the errors lie evenly in all
    directions, E f̂ f̂ᵀ = (1 − e_u) C_f, and E (f̂ᵀĝ)² = (1 − e_u)(1 − e_i) v.
    """
    return float(np.sqrt(noise + (1 - (1 - user_error) * (1 - item_error)) * truth))


def represent(
    generator: RepeatedCovariates,
    architecture: Architecture,
    training: Training,
    steps: int,
    points: Literal["own", "fresh"],
    seed: int,
) -> tuple[Representation, FittedTowers]:
    """Regress each tower on its noiseless true function: mean over rows and outputs of (f̂_j(x) − f_j(x))².

    ``own``: on the covariates of the simulation's own users and items, where it is measured too: the training users are
    those that are predicted for. ``fresh``: on new covariates in every step, measured on 5,000 others. ``steps``
    updates of ``batch_size`` rows. The schedule runs once over them. Inputs are standardised over the own rows. What
    comes out is an achieved point, no limit of the architecture.
    """
    simulation = generator.simulate()
    own = [simulation.users, simulation.items]
    rng = np.random.default_rng([seed, POINTS])
    standardise = [scale(x, architecture.inputs == "standardised") for x in own]
    tower = Tower(architecture, own[0].shape[1])
    dtype = getattr(torch, training.dtype)
    start = torch.Generator().manual_seed(seed)
    parameters = torch.stack([tower.initial(start) for _ in own]).to(dtype)
    gradient = torch.empty_like(parameters)
    optimizer = OPTIMIZERS[training.optimizer]([training] * 2, parameters, tower.layers)

    def stacked(rows: "Sequence[np.ndarray]") -> "torch.Tensor":
        return torch.from_numpy(np.stack([s(x) for s, x in zip(standardise, rows, strict=True)])).to(dtype)

    def truth(rows: "Sequence[np.ndarray]") -> "np.ndarray":
        return np.stack([generator.user_vectors(rows[0]), generator.item_vectors(rows[1])])

    def drawn() -> "list[np.ndarray]":
        if points == "fresh":
            return [generator.covariates(training.batch_size, rng) for _ in own]
        size = min(training.batch_size, *(len(x) for x in own))
        return [x[rng.choice(len(x), size, replace=False)] for x in own]

    with torch.no_grad():
        for rate in rates(training.model_copy(update={"epochs": 1}), 0, steps):
            rows = drawn()
            layers = tower.layers(parameters)
            outputs = tower.forward(layers, stacked(rows))
            error = outputs[-1] - torch.from_numpy(truth(rows)).to(dtype)
            tower.backward(layers, outputs, 2 / error[0].numel() * error, tower.layers(gradient))
            optimizer.step(parameters, gradient, parameters.new_full((2, 1), rate))
    towers = FittedTowers(architecture, parameters.reshape(-1), standardise, (own[0].shape[1], own[1].shape[1]))
    fresh = np.random.default_rng([seed, OTHERS])
    users, items = own if points == "own" else [generator.covariates(HELD_OUT, fresh) for _ in own]
    vectors = [towers.user_vectors(users), towers.item_vectors(items)]
    true = [generator.user_vectors(users), generator.item_vectors(items)]
    return compared(vectors, true, generator.settings.noise.variance), towers


def compared(found: "Sequence[np.ndarray]", true: "Sequence[np.ndarray]", noise: float) -> Representation:
    """``found`` and ``true``: vectors of users (n, p) and of items (m, p). ``noise``: σ² of a rating."""
    errors = [float(np.sum((f - t) ** 2) / np.sum(t**2)) for f, t in zip(found, true, strict=True)]
    moments = [t.T @ t / len(t) for t in true]
    signed = np.concatenate([true[0], -found[0]], axis=1), np.concatenate([true[1], found[1]], axis=1)
    squares = [both.T @ both / len(both) for both in signed]  # (fᵀg − f̂ᵀĝ)² is the square of [f, −f̂]ᵀ[g, ĝ]
    direct = np.sqrt(noise + np.sum(squares[0] * squares[1]))
    foretold = rating_rmse(noise, float(np.sum(moments[0] * moments[1])), errors[0], errors[1])
    return Representation(errors[0], errors[1], foretold, float(direct))
