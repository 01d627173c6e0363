"""What the data of T2Rec's simulation allow: a bilinear model in the true features."""

from dataclasses import dataclass

from dotbench.lazy import np, torch
from dotbench.papers.t2rec.towers.sample import Sample
from dotbench.solvers.newton_cg import conjugate_gradients

TOLERANCE, ITERATIONS = 1e-8, 2000  # of its conjugate gradients


def true_features(x: "np.ndarray", dimension: int) -> "np.ndarray":
    """φ(x): sin 2πx_l and cos 2πx_l for l ≤ d, the distinct products x_l x_{l+1}, for covariates that repeat after
    d = ``dimension``, and a 1. The functions of `sim-t2rec` are linear in them. Shape (n, D) → (n, F), F ≤ 3d + 1."""
    angle = 2 * np.pi * x[:, :dimension]
    products = (x[:, :-1] * x[:, 1:])[:, :dimension]
    return np.concatenate([np.sin(angle), np.cos(angle), products, np.ones((len(x), 1))], axis=1)


@dataclass(frozen=True)
class Bilinear:
    """φ(x)ᵀ M φ(y)."""

    matrix: "np.ndarray"
    dimension: int

    def predict(self, users: "np.ndarray", items: "np.ndarray", pairs: "np.ndarray") -> "np.ndarray":
        """Ratings of ``pairs`` (N, 2) of rows of ``users`` (n, D) and ``items`` (m, D'), shape (N,)."""
        left = true_features(users, self.dimension) @ self.matrix
        right = true_features(items, self.dimension)
        ratings: np.ndarray = np.einsum("nf,nf->n", left[pairs[:, 0]], right[pairs[:, 1]])
        return ratings


def bilinear(sample: Sample, dimension: int, regularization: float) -> Bilinear:
    """The minimum over M (F, F) of Σ_k (φ(x_u)ᵀ M φ(y_i) − r)² + λ ‖M‖²_F.

    A convex problem, solved by conjugate gradients to a relative residual of 1e-8. M is not held to the rank p of the
    truth. It knows the generator's features, which towers do not: an achieved point of another model, no bound.
    """
    left = torch.from_numpy(true_features(sample.users, dimension))
    right = torch.from_numpy(true_features(sample.items, dimension))
    order = np.argsort(sample.pairs[:, 0], kind="stable")
    counts = np.bincount(sample.pairs[:, 0], minlength=len(left)).tolist()
    rated = torch.split(right[torch.from_numpy(sample.pairs[order, 1])], counts)  # of every user, the items' features
    given = torch.split(torch.from_numpy(sample.ratings[order]), counts)
    grams = torch.stack([features.T @ features for features in rated])
    target = left.T @ torch.stack([features.T @ ratings for features, ratings in zip(rated, given, strict=True)])
    diagonal = (left**2).T @ grams.diagonal(dim1=1, dim2=2)

    def product(flat: "torch.Tensor") -> "torch.Tensor":
        """Σ_k φ(x_u) φ(x_u)ᵀ M φ(y_i) φ(y_i)ᵀ + λ M, flat."""
        through = torch.bmm(grams, (left @ flat.view(target.shape)).unsqueeze(-1)).squeeze(-1)
        return (left.T @ through).reshape(-1) + regularization * flat

    inverse = 1 / (diagonal.reshape(-1) + regularization)
    solution = conjugate_gradients(product, target.reshape(-1), inverse, TOLERANCE, ITERATIONS)
    return Bilinear(solution.view(target.shape).numpy(), dimension)
