"""Least-squares systems that differ from row to row, solved in batches."""

from dotbench.lazy import torch

CELLS = 1 << 22  # numbers gathered, and numbers of the systems, at a time: 16 MB each in float32


def solve_rows(
    matrix: "torch.Tensor",
    fixed: "torch.Tensor",
    gramian: "torch.Tensor",
    scale: "torch.Tensor",
    ridge: "torch.Tensor",
    alpha: float,
    weight: float,
    offset: "torch.Tensor | None" = None,
    values: "torch.Tensor | None" = None,
) -> "torch.Tensor":
    """x_r = (s_r G + α F_rᵀF_r + t_r I)⁻¹ (w Σ_{j∈r} v_rj f_j + c_r) for every row r of ``matrix``: shape (n, K).

    ``matrix`` (n, m) sparse CSR, binary; ``fixed`` (m, K), F_r its rows where r has a one; ``gramian`` G (K, K);
    ``scale`` s (n,); ``ridge`` t (n,); ``offset`` c (n, K), or None for zero, when rows without ones stay zero;
    ``values`` v (nnz,) in the order of ``matrix``, or None for ones.
    A Cholesky factorisation each, O(nnz K² + n K³) in all; memory stays at a few times CELLS numbers.
    """
    size = fixed.shape[1]
    padded = torch.cat([fixed, fixed.new_zeros(1, size)])  # the last row stands for "no one here"
    starts, columns = matrix.crow_indices(), matrix.col_indices()
    counts = starts.diff()
    solution = fixed.new_zeros(len(counts), size)
    order = torch.argsort(counts, stable=True)
    if offset is None:
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
        systems = scale[rows, None, None] * gramian
        systems.diagonal(dim1=1, dim2=2).add_(ridge[rows, None])
        systems = torch.baddbmm(systems, gathered.mT, gathered, alpha=alpha)
        if values is not None:
            gathered = gathered * values[cells][:, :, None]
        right = weight * gathered.sum(1)
        if offset is not None:
            right += offset[rows]
        solution[rows] = torch.cholesky_solve(right[:, :, None], torch.linalg.cholesky(systems))[:, :, 0]
    return solution
