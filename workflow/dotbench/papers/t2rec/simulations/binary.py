"""T2Rec's claim that binary covariates leave the rate as it is."""

from collections.abc import Iterator

from pydantic import Field

from dotbench.papers.t2rec.simulations._risk import Case, Manifold, ManifoldSettings, Whole
from dotbench.simulations.base import Column


class T2RecBinarySettings(ManifoldSettings):
    """Settings of the simulation `t2rec-binary`."""

    binary: list[Whole] = Field([8, 32], min_length=1, description="B, binary covariates")
    binary_share: float = Field(
        0.5, gt=0, lt=1, description="share of the variance of a vector that depends on them, where any does"
    )


class T2RecBinary(Manifold):
    """Covariates on a manifold alone, and with binary ones beside them, which the truth depends on or not."""

    name = "t2rec-binary"
    title = "Binary covariates"
    Settings = T2RecBinarySettings
    settings: T2RecBinarySettings
    lists = (*Manifold.lists, "binary")
    compared = "binaries"
    compared_title = "Binary covariates"
    columns = {
        **Manifold.columns,
        "binaries": Column("str", "binary covariates: `none`, or their number and whether the truth depends on them"),
    }

    def cases(self) -> Iterator[Case]:
        yield Case("b0", "none", {"binaries": "none"})
        for number in self.settings.binary:
            for kind, share in (("idle", 0.0), ("used", self.settings.binary_share)):
                name = f"{number}, {kind}"
                truth = {"binary": number, "binary_share": share}
                yield Case(f"b{number}-{kind}", name, {"binaries": name}, truth)

    def notes(self) -> list[str]:
        return [
            f"Covariates: D = {self.settings.covariates} of a manifold of dimension d = {self.settings.dimension}, and "
            "independent binary ones. Idle: the truth does not depend on these. Used: a share of "
            f"{self.settings.binary_share:g} of the variance of each vector is a sum of their effects.",
            *super().notes(),
        ]
