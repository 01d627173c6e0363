"""The record of a fit: `fit.json`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

OPTIONAL = (
    "energy_joules",
    "gpu_energy_joules",
    "split",
    "provenance",
)  # keys that are left out where nothing is known


@dataclass(frozen=True)
class FitRecord:
    """What is known of a fit. None: not known, or does not apply.

    ``validation``: the metric named by ``validation_metric`` at the best epoch. ``train_seconds``, ``cpu_seconds``:
    wall and CPU seconds of training alone. ``cpu_share_of_others``: share of the machine's CPU time that went to other
    processes meanwhile. ``energy_joules``, ``gpu_energy_joules``: as `dotbench.execution.energy.Energy` counts
    them. ``further``: what a solver adds, e.g. its decomposition. ``split``: identity of the split where it is not the
    default one.
    ``provenance``: as `dotbench.execution.provenance` makes it.
    """

    dataset: str
    model: str
    loss: str
    solver: str
    split_seed: int
    init_seed: int
    status: str
    reason: str | None
    log: str | None
    hyperparameters: dict[str, Any]
    validation_metric: str
    validation: float | None
    best_epoch: int | None
    epochs: int | None
    updates: int | None
    train_seconds: float | None
    cpu_seconds: float | None
    peak_memory_bytes: int
    peak_gpu_memory_bytes: int | None
    cpu_share_of_others: float
    device: str
    threads: int
    machine: dict[str, Any]
    versions: dict[str, str]
    further: dict[str, Any] = field(default_factory=dict)
    split: dict[str, Any] | None = None
    provenance: dict[str, Any] | None = None
    energy_joules: float | None = None
    gpu_energy_joules: float | None = None

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    def to_json(self) -> dict[str, Any]:
        """In plain types, as it stands in ``fit.json``."""
        values = asdict(self)
        further, optional = values.pop("further"), {key: values.pop(key) for key in OPTIONAL}
        content: dict[str, Any] = values | further | {key: one for key, one in optional.items() if one is not None}
        return content

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "FitRecord":
        """The inverse of `to_json`."""
        own = {one.name for one in fields(cls)} - {"further"}
        further = {key: value for key, value in values.items() if key not in own}
        return cls(**{key: values[key] for key in own if key in values}, further=further)
