"""Laws of the rows x and y beside the normal one, all of mean 0 and variance 1 and with independent entries."""

from collections.abc import Callable
from typing import Literal

from dotbench.lazy import np

Features = Literal["signs", "uniform", "normal", "laplace"]
STREAM = 11  # of randomness

LAWS: "dict[Features, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]]" = {
    "signs": lambda rng, shape: rng.integers(0, 2, shape) * 2.0 - 1.0,
    "uniform": lambda rng, shape: rng.uniform(-(3**0.5), 3**0.5, shape),
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "laplace": lambda rng, shape: rng.laplace(0.0, 0.5**0.5, shape),
}
EXCESS: dict[Features, float] = {"signs": -2.0, "uniform": -1.2, "normal": 0.0, "laplace": 3.0}  # E z⁴ − 3 of an entry
