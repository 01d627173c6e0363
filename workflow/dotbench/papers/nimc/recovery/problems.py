"""The data of recovery problems, and their objective and its derivatives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dotbench.errors import DotbenchError
from dotbench.lazy import np, torch
from dotbench.numerics.matrix import csr_tensor
from dotbench.numerics.orthonormal import orthonormal
from dotbench.papers.nimc.recovery.activations import BENDS, SLOPES, VALUES, Activation

DENSE = 15  # cells of the whole matrix for every observed one, up to which forming all of it is cheaper on a GPU
JACOBIAN = 1 << 20  # numbers of a Jacobian held at a time: 8 MB


@dataclass(frozen=True)
class Instance:
    """One problem: ``x`` (n, d), ``y`` (n', d'), with d = d'. ``rows`` (2, m): row of x and of y of every observed
    entry, repetitions allowed. ``truth`` (2, d, k): U* and V*."""

    x: "np.ndarray"
    y: "np.ndarray"
    rows: "np.ndarray"
    truth: "np.ndarray"


Law = Literal["gaussian", "orthogonal"]


def draw(n: int, m: int, d: int, k: int, seed: int, deviation: float = 1.0, law: Law = "gaussian") -> Instance:
    """x_i, y_j ~ N(0, I), m entries drawn uniformly with replacement, U*, V* of normal entries of ``deviation``, or
    with orthogonal columns of the norm that such columns have on average, ``deviation`` √d.

    Zhong et al., NeurIPS 2019, Section 4. The law of U*, V* is not stated there. Each part of an instance has a stream
    of its own, so that instances of one seed that differ in m or n share the rest.
    """
    truths, xs, ys, entries = (np.random.default_rng([seed, stream]) for stream in range(4))
    truth = deviation * truths.standard_normal((2, d, k))
    if law == "orthogonal":
        truth = deviation * d**0.5 * orthonormal(truth)
    rows = (n * entries.random((m, 2))).astype(np.int64).T
    return Instance(xs.standard_normal((n, d)), ys.standard_normal((n, d)), rows, truth)


def random_start(d: int, k: int, seed: int, deviation: float = 1.0) -> "np.ndarray":
    """W^(r) (2, d, k): normal entries of ``deviation``, independent of the instance of that seed."""
    return deviation * np.random.default_rng([seed, 4]).standard_normal((2, d, k))


class Problems:
    """R problems of one m, d and k as one: f_r(U, V) = (1/2m) Σ_{(i,j)∈Ω} (φ(Uᵀx_i)ᵀ φ(Vᵀy_j) − A_ij)².

    Zhong et al., NeurIPS 2019, Eq. 3, divided by 2m as in Eq. 4, which Theorems 3.2 and 3.3 need. Weights are one
    tensor (R, 2, d, k): U and V. Instances with fewer rows than the greatest are filled up with rows that nothing
    observes. ``held``: so many rows of U are known and never move: derivatives in them count as 0 (Theorem 3.4).

    An evaluation costs O(n d k + m k). Products and φ are one operation for all problems. On a CPU the rest is one
    compiled loop over the entries (`dotbench.papers.nimc.recovery.entries`). On a GPU predictions are those of the
    whole matrix where n² is at most ``DENSE`` m, and the residuals, as a sparse n × n matrix, times φ(YV) and φ(XU) are
    the gradients in φ(XU) and φ(YV).
    """

    def __init__(
        self, instances: Sequence[Instance], activation: Activation, device: str = "cpu", held: int = 0
    ) -> None:
        shapes = {(instance.rows.shape, instance.truth.shape) for instance in instances}
        if len(shapes) != 1:
            raise DotbenchError(f"problems of one tensor program: found the shapes {sorted(shapes)}; one is allowed")
        self.activation: Activation = activation
        self.held = held
        sides = [[getattr(instance, name) for instance in instances] for name in "xy"]
        self.n = max(len(part) for side in sides for part in side)
        inputs = np.zeros((2, len(instances), self.n, sides[0][0].shape[1]))
        for side, parts in enumerate(sides):
            for r, part in enumerate(parts):
                inputs[side, r, : len(part)] = part
        ordered = [instance.rows[:, np.argsort(instance.rows[0], kind="stable")] for instance in instances]
        self.inputs = torch.from_numpy(inputs).to(device)
        self.rows = torch.from_numpy(np.stack(ordered)).to(device)
        self.truth = torch.from_numpy(np.stack([instance.truth for instance in instances])).to(device)
        self._index()
        self.values = self.predict(*self._activated(self.truth)[1])

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def m(self) -> int:
        """Observed entries of a problem."""
        return self.rows.shape[2]

    def keep(self, which: "torch.Tensor") -> None:
        """Drop all problems but these."""
        self.inputs, self.rows = self.inputs[:, which], self.rows[which]
        self.values, self.truth = self.values[which], self.truth[which]
        self._index()

    @property
    def _on_gpu(self) -> bool:
        return self.rows.device.type != "cpu"

    def _index(self) -> None:
        """What the sparse matrices of the residuals need on a GPU besides their values."""
        if not self._on_gpu:
            return
        device, count = self.rows.device, len(self)
        first = torch.arange(count, device=device)[:, None]
        users, items = (self.rows[:, side] + self.n * first for side in (0, 1))
        by_item = self.rows[:, 1].argsort(dim=1, stable=True)
        self._order = (by_item + self.m * first).flatten()
        self._users, self._items = users.flatten(), items.flatten()
        self._dense = self.n**2 <= DENSE * self.m
        if self._dense:
            self._cells = (self.n * (self.rows[:, 0] + self.n * first) + self.rows[:, 1]).flatten()

        def ends(rows: "torch.Tensor") -> "torch.Tensor":
            counts = torch.bincount(rows, minlength=count * self.n)
            return torch.cat([counts.new_zeros(1), counts.cumsum(0)]).int()

        self._user_sparse = ends(self._users), self._items.int()
        self._item_sparse = ends(self._items), self._users[self._order].int()

    def _activated(self, w: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
        """Inputs of φ and φ of them, both (2, R, n, k)."""
        a = self.inputs @ w.transpose(0, 1)
        return a, VALUES[self.activation](a)

    def predict(self, p: "torch.Tensor", q: "torch.Tensor") -> "torch.Tensor":
        """Model at the observed entries, (R, m), from φ(XU) and φ(YV), both (R, n, k)."""
        if not self._on_gpu:
            from dotbench.papers.nimc.recovery.entries import predict  # imports numba, which only fits need

            values = p.new_empty(len(self), self.m)
            predict(p.numpy(), q.numpy(), self.rows.numpy(), values.numpy())
            return values
        if self._dense:
            values = (p @ q.transpose(1, 2)).view(-1).index_select(0, self._cells)
        else:
            gathered = p.flatten(0, 1).index_select(0, self._users)
            gathered *= q.flatten(0, 1).index_select(0, self._items)
            values = gathered @ gathered.new_ones(gathered.shape[1])
        return values.view(-1, self.m)

    def value_and_gradient(self, w: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
        """f (R,) and its gradient (R, 2, d, k)."""
        _, phi = self._activated(w)
        value, into = self._by_entries(phi)
        into *= SLOPES[self.activation](phi)
        gradient = (self.inputs.transpose(2, 3) @ into).transpose(0, 1)
        gradient[:, 0, : self.held] = 0
        return value, gradient

    def _by_entries(self, phi: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
        """f (R,) and its gradient in φ(XU) and φ(YV), (2, R, n, k)."""
        if not self._on_gpu:
            from dotbench.papers.nimc.recovery.entries import differentiate

            value, into = phi.new_empty(len(self)), torch.zeros_like(phi)
            differentiate(*phi.numpy(), self.rows.numpy(), self.values.numpy(), value.numpy(), into.numpy())
            return value, into
        residuals = self.predict(*phi) - self.values
        value = self._squares(residuals)
        residuals /= self.m
        flat = residuals.view(-1)
        of_users = self._times(self._user_sparse, flat, phi[1])
        of_items = self._times(self._item_sparse, flat.index_select(0, self._order), phi[0])
        return value, torch.stack([of_users, of_items])

    def gauss_newton(self, w: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor, torch.Tensor]":
        """f (R,), its gradient (R, 2, d, k), and JᵀJ/m (R, 2dk, 2dk), J the Jacobian of the residuals."""
        count = w[0].numel()
        values, gradients, matrices = [], [], []
        _, phi = self._activated(w)
        slopes = SLOPES[self.activation](phi)
        step = max(1, JACOBIAN // (self.m * count))
        for start in range(0, len(self), step):
            part = slice(start, start + step)
            at = [rows[:, :, None] for rows in self.rows[part].unbind(1)]
            p, q, dp, dq, x, y = (
                table[part].gather(1, at[side].expand(-1, -1, table.shape[2]))
                for side, table in [(0, phi[0]), (1, phi[1]), (0, slopes[0]), (1, slopes[1]), *enumerate(self.inputs)]
            )
            residuals = (p * q).sum(2) - self.values[part]
            sides = [x[:, :, :, None] * (dp * q)[:, :, None, :], y[:, :, :, None] * (dq * p)[:, :, None, :]]
            jacobian = torch.stack(sides, 2)
            jacobian[:, :, 0, : self.held] = 0
            jacobian = jacobian.flatten(2)
            values.append(self._squares(residuals))
            gradients.append((residuals[:, None] @ jacobian)[:, 0] / self.m)
            matrices.append(jacobian.transpose(1, 2) @ jacobian / self.m)
        return torch.cat(values), torch.cat(gradients).view_as(w), torch.cat(matrices)

    def hessian(self, w: "torch.Tensor") -> "torch.Tensor":
        """∇²f, (R, 2dk, 2dk), in the order of ``w[r].flatten()``. Of ReLU where no input of φ is 0.

        JᵀJ/m and, where residuals r do not vanish, (1/m) Σ r ∇²(φ(Uᵀx)ᵀ φ(Vᵀy)): for each component l blocks
        Σ r φ''(u_lᵀx) φ(v_lᵀy) x xᵀ, Σ r φ'(u_lᵀx) φ'(v_lᵀy) x yᵀ and Σ r φ(u_lᵀx) φ''(v_lᵀy) y yᵀ.
        """
        _, phi = self._activated(w)
        slope, bend = SLOPES[self.activation](phi), BENDS[self.activation](phi)
        rest = torch.zeros(len(self), *w[0].shape, *w[0].shape, dtype=w.dtype, device=w.device)
        for r in range(len(self)):
            i, j = self.rows[r]
            x, y = self.inputs[0, r][i], self.inputs[1, r][j]
            p, q = phi[0, r][i], phi[1, r][j]
            residual = ((p * q).sum(1) - self.values[r]) / self.m
            dp, dq = slope[0, r][i], slope[1, r][j]
            blocks = {(0, 0): (bend[0, r][i] * q, x, x), (0, 1): (dp * dq, x, y), (1, 1): (p * bend[1, r][j], y, y)}
            for (side, other), (weight, left, right) in blocks.items():
                block = torch.einsum("m,mk,md,me->dek", residual, weight, left, right)
                for k in range(block.shape[2]):
                    rest[r, side, :, k, other, :, k] = block[:, :, k]
                    rest[r, other, :, k, side, :, k] = block[:, :, k].T
        size = w[0].numel()
        return self.gauss_newton(w)[2] + rest.view(len(self), size, size)

    def _squares(self, residuals: "torch.Tensor") -> "torch.Tensor":
        return residuals.square().sum(1) / (2 * self.m)

    def _times(
        self, sparse: "tuple[torch.Tensor, torch.Tensor]", values: "torch.Tensor", dense: "torch.Tensor"
    ) -> "torch.Tensor":
        """The block-diagonal sparse matrix of the problems times ``dense`` (R, n, k)."""
        size = len(self) * self.n
        return (csr_tensor(*sparse, values, (size, size)) @ dense.reshape(size, -1)).view_as(dense)
