"""Numerics that several folders share: sparse training matrices, vectors that score, orthonormal columns, denormals."""
