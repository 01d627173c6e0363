"""What it matters for T2Rec's theorem that ratings share users and items."""

from collections.abc import Iterator

from pydantic import Field, ValidationInfo, model_validator

from dotbench.papers.t2rec.simulations._risk import Case, Manifold, ManifoldSettings, Whole
from dotbench.simulations.base import Column, knows_lists


class T2RecSharingSettings(ManifoldSettings):
    """Settings of the simulation `t2rec-sharing`."""

    users: list[Whole] = Field(
        [256, 1024, 4096], min_length=1, description="n: users, and as many items, that share the ratings"
    )

    @model_validator(mode="after")
    def _possible(self, info: ValidationInfo) -> "T2RecSharingSettings":
        if knows_lists(info) and max(self.ratings) > min(self.users) ** 2:
            n = min(self.users)
            raise ValueError(f"{max(self.ratings)} ratings do not fit: {n} users × {n} items")
        return self


class T2RecSharing(Manifold):
    """Ratings of n users and n items, against ratings that each have a user and an item of their own.

    The theorem assumes independent pairs of covariates, which pairs that share users and items are not. A line has
    |Ω| at a fixed n; a place on the axis has n at a fixed |Ω|.
    """

    name = "t2rec-sharing"
    title = "Shared users and items"
    Settings = T2RecSharingSettings
    settings: T2RecSharingSettings
    lists = (*Manifold.lists, "users")
    compared = "sharing"
    compared_title = "Users and items"
    columns = {
        **Manifold.columns,
        "sharing": Column("str", "n, or `own`: each rating has a user and an item of its own"),
    }

    def cases(self) -> Iterator[Case]:
        for n in self.settings.users:
            yield Case(f"n{n}", f"n = {n:,}", {"sharing": str(n)}, users=n)
        yield Case("own", "own of each rating", {"sharing": "own"})

    def notes(self) -> list[str]:
        return [
            f"Covariates: D = {self.settings.covariates} of a manifold of dimension d = {self.settings.dimension}. n "
            "users and n items share the N ratings, whose pairs are drawn without replacement; the risk is at fresh "
            "users and items.",
            *super().notes(),
        ]
