"""T2Rec's central claim: the rate is that of the covariates' intrinsic dimension, not of their number."""

import itertools
from collections.abc import Iterator

from pydantic import Field

from dotbench.papers.t2rec.simulations._risk import Case, Manifold, ManifoldSettings, Whole


class T2RecManifoldSettings(ManifoldSettings):
    """Settings of the simulation `t2rec-manifold`. A d is combined with each D that is not less."""

    dimensions: list[Whole] = Field([1, 2, 4], min_length=1, description="d, dimension of the manifold")
    spaces: list[Whole] = Field([4, 16, 64], min_length=1, description="D, coordinates of the space it lies in")


class T2RecManifold(Manifold):
    """Manifolds of d dimensions in D: d fixed and D varied in a panel, D fixed and d varied from panel to panel."""

    name = "t2rec-manifold"
    title = "Intrinsic dimension"
    Settings = T2RecManifoldSettings
    settings: T2RecManifoldSettings
    lists = (*Manifold.lists, "dimensions", "spaces")
    keys = {"dimension": "d", **Manifold.keys}
    compared = "covariates"
    compared_title = "Covariates"

    def cases(self) -> Iterator[Case]:
        s = self.settings
        for d, space in itertools.product(s.dimensions, s.spaces):
            if d <= space:
                truth = {"dimension": d, "covariates": space}
                yield Case(f"d{d}-c{space}", f"D = {space}", truth=truth)
