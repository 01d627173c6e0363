"""Least-squares systems that differ from row to row: solved exactly in batches, or by conjugate gradients."""

from dataclasses import dataclass

from dotbench.lazy import torch
from dotbench.numerics.matrix import csr_tensor, sampled_product

CELLS = 1 << 22  # numbers gathered, and numbers of the systems, at a time: 16 MB each in float32


@dataclass(frozen=True)
class RowSystems:
    """(s_r G + α F_rᵀF_r + t_r I) x_r = w Σ_{j∈r} v_rj f_j + c_r, one for every row r of ``matrix``.

    ``matrix`` (n, m) sparse CSR, binary. ``fixed`` (m, K), F_r its rows where r has a one. ``gramian`` G (K, K).
    ``scale`` s (n,). ``ridge`` t (n,). ``offset`` c (n, K), or None for zero, when rows without ones stay zero.
    ``values`` v (nnz,) in the order of ``matrix``, or None for ones.
    """

    matrix: "torch.Tensor"
    fixed: "torch.Tensor"
    gramian: "torch.Tensor"
    scale: "torch.Tensor"
    ridge: "torch.Tensor"
    alpha: float
    weight: float
    offset: "torch.Tensor | None" = None
    values: "torch.Tensor | None" = None

    def solution(self) -> "torch.Tensor":
        """Every x_r, shape (n, K), by a Cholesky factorisation each.

        O(nnz K² + n K³) operations in all. Memory stays at a few times CELLS numbers.
        """
        fixed, size = self.fixed, self.fixed.shape[1]
        padded = torch.cat([fixed, fixed.new_zeros(1, size)])  # the last row stands for "no one here"
        starts, columns = self.matrix.crow_indices(), self.matrix.col_indices()
        counts = starts.diff()
        solution = fixed.new_zeros(len(counts), size)
        order = torch.argsort(counts, stable=True)
        if self.offset is None:
            order = order[counts[order] > 0]
        position = 0
        while position < len(order):
            # rows of similar length together; the block is as large as its longest row allows
            n = min(len(order) - position, max(1, CELLS // (size * max(size, int(counts[order[position]])))))
            while n > 1 and n * int(counts[order[position + n - 1]]) * size > CELLS:
                n = max(1, n // 2)
            rows = order[position : position + n]
            position += n
            offsets = torch.arange(int(counts[rows[-1]]), device=fixed.device)
            filled = offsets < counts[rows, None]
            cells = torch.where(filled, starts[rows, None] + offsets, 0)
            gathered = padded[torch.where(filled, columns[cells], len(fixed))]
            systems = self.scale[rows, None, None] * self.gramian
            systems.diagonal(dim1=1, dim2=2).add_(self.ridge[rows, None])
            systems = torch.baddbmm(systems, gathered.mT, gathered, alpha=self.alpha)
            if self.values is not None:
                gathered = gathered * self.values[cells][:, :, None]
            right = self.weight * gathered.sum(1)
            if self.offset is not None:
                right += self.offset[rows]
            solution[rows] = torch.cholesky_solve(right[:, :, None], torch.linalg.cholesky(systems))[:, :, 0]
        return solution

    def approached(self, start: "torch.Tensor", steps: int) -> "torch.Tensor":
        """Every x_r after ``steps`` steps of conjugate gradients from ``start`` (n, K): shape (n, K).

        No system is formed: a product with all of them takes 4 nnz K + 2 n K² operations, and there are ``steps`` + 1.
        After K steps it is the solution, but for rounding. Memory: some matrices (n, K), and nnz numbers.
        """
        x, right = start, self._right()
        if self.offset is None:
            x = x * (self.matrix.crow_indices().diff() > 0)[:, None]
        residual = right - self._product(x)
        direction, squared = residual, (residual**2).sum(1)
        for _ in range(steps):
            image = self._product(direction)
            length = _quotient(squared, (direction * image).sum(1))[:, None]
            x, residual = x + length * direction, residual - length * image
            before, squared = squared, (residual**2).sum(1)
            direction = residual + _quotient(squared, before)[:, None] * direction
        return x

    def _right(self) -> "torch.Tensor":
        """The right-hand sides, shape (n, K)."""
        matrix = self.matrix
        if self.values is not None:
            matrix = csr_tensor(matrix.crow_indices(), matrix.col_indices(), self.values, matrix.shape)
        right = self.weight * (matrix @ self.fixed)
        return right if self.offset is None else right + self.offset

    def _product(self, x: "torch.Tensor") -> "torch.Tensor":
        """The systems times x (n, K), row by row: shape (n, K)."""
        everywhere = self.scale[:, None] * (x @ self.gramian) + self.ridge[:, None] * x
        return everywhere + sampled_product(self.matrix, x, self.fixed, self.alpha) @ self.fixed


def _quotient(above: "torch.Tensor", below: "torch.Tensor") -> "torch.Tensor":
    """above / below, and 0 where below is 0: a row that has arrived stays."""
    return torch.where(below > 0, above / torch.where(below > 0, below, 1), 0)
