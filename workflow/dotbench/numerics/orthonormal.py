"""Random orthonormal columns."""

from dotbench.lazy import np


def orthonormal(normal: "np.ndarray") -> "np.ndarray":
    """Orthonormal columns (…, d, k), uniformly distributed where the given entries (…, d, k) are standard normal:
    QR, whose R gets a positive diagonal (Mezzadri, Notices of the AMS 54, 2007)."""
    columns, triangle = np.linalg.qr(normal)
    turned: np.ndarray = columns * np.sign(np.diagonal(triangle, axis1=-2, axis2=-1))[..., None, :]
    return turned
