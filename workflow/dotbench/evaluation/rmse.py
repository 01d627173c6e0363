"""Predictions of vectors, and the rating metric that validation during training uses."""

from dotbench.lazy import np, torch

BLOCK = 1 << 16  # pairs held at a time


def inner_products(users: "torch.Tensor", items: "torch.Tensor", pairs: "np.ndarray") -> "np.ndarray":
    """p_u · q_i of pairs (n, 2) of user row and item row, for vectors (M, K) and (N, K): shape (n,), float64."""
    rows = torch.from_numpy(pairs).to(users.device)
    products = [
        (users[u].double() * items[i].double()).sum(1) for u, i in (part.T for part in torch.split(rows, BLOCK))
    ]
    return torch.cat(products).cpu().numpy()


def rmse(truth: "np.ndarray", prediction: "np.ndarray") -> float:
    """√ mean (r − r̂)², in rating points. Both of shape (n,)."""
    return float(np.sqrt(np.mean((truth - prediction) ** 2)))
