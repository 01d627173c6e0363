"""Records of fits by construction."""

from dataclasses import MISSING, fields
from typing import Any

from dotbench.runs.record import FitRecord


def fit_record(validation: float | None, reason: str | None = None, **known: Any) -> FitRecord:
    """The record of a fit, which failed if it has no ``validation``; what is not ``known`` is None."""
    needed = [one.name for one in fields(FitRecord) if one.default is MISSING and one.default_factory is MISSING]
    status = "failed" if validation is None else "ok"
    told = {"status": status, "reason": reason, "validation_metric": "ndcg@10", "validation": validation, **known}
    return FitRecord(**dict.fromkeys(needed) | told)
