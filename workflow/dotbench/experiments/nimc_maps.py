"""Recovery maps of NIMC: how often random starts find the truth, against the number of rows and of observed entries."""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from dotbench.experiments._recovery import RecoveryExperiment, RecoverySettings, Trial, run_trials
from dotbench.experiments.base import Part, Row, seed_packs
from dotbench.files import digest
from dotbench.recovery.activations import Activation
from dotbench.recovery.methods import METHODS, MethodName
from dotbench.settings.base import Settings

if TYPE_CHECKING:
    from dotbench.runs.hardware import Place
    from dotbench.runs.kept import Kept

Count = Annotated[int, Field(ge=1)]


class Axes(Settings):
    """A map: the activation and the cells along both axes."""

    activation: Activation = Field(description="φ")
    users: list[Count] = Field(min_length=1, description="n: rows of X, and of Y")
    observations: list[Count] = Field(min_length=1, description="m: observed entries")


SIGMOID = Axes(activation="sigmoid", users=list(range(10, 101, 10)), observations=list(range(100, 1001, 100)))
RELU = Axes(activation="relu", users=list(range(20, 201, 20)), observations=list(range(200, 2001, 200)))


class NIMCMapsSettings(RecoverySettings):
    """Settings of the experiment `nimc-maps`."""

    maps: list[Axes] = Field([SIGMOID, RELU], min_length=1, description="activations, each with its n and m")
    methods: list[MethodName] = Field(["gd", "lm"], min_length=1, description="minimisers: " + ", ".join(METHODS))
    distance: float = Field(1.0, ge=0, le=1, description="α: the start is (1 − α) W* + α W^r")


class NIMCMaps(RecoveryExperiment):
    """Share of trials in which φ(XU) φ(YV)ᵀ is recovered from m observed entries of an n × n matrix, random starts.

    Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019, Section 4, Figure 1 (c) and (d), by the
    corrected criterion, ‖M(U, V) − M(U*, V*)‖ ≤ 1e-3 ‖M(U*, V*)‖ at fresh rows; the printed one is recorded beside it.
    The paper has 5 trials. A part is one activation, method and m, of all n at once.
    """

    name = "nimc-maps"
    title = "Recovery maps of NIMC"
    Settings = NIMCMapsSettings
    settings: NIMCMapsSettings
    lists = ("maps", "methods", "replications", "first", "pack")

    def parts(self) -> list[Part]:
        return list(self._parts())

    def _parts(self) -> Iterator[Part]:
        s = self.settings
        packs = seed_packs(s.first, s.replications, s.pack)
        for axes, method in itertools.product(s.maps, s.methods):
            for m, pack in itertools.product(axes.observations, packs):
                own = {"activation": axes.activation, "method": method, "users": axes.users, "observations": m}
                label = f"{axes.activation}-{method}-m{m}-r{pack[0]}to{pack[-1]}-{digest(axes.users, 6)}"
                yield Part(label, {**own, "seeds": pack}, gpu=True)

    def run(self, part: dict[str, Any], place: "Place", kept: "Kept") -> list[Row]:
        cells = itertools.product(part["users"], part["seeds"])
        trials = [Trial(n, self.settings.distance, seed) for n, seed in cells]
        return run_trials(self.settings, part["activation"], part["observations"], part["method"], trials, place)

    def notes(self) -> list[str]:
        s = self.settings
        return [*s.law(), *s.ends(), f"α = {s.distance:g}."]
