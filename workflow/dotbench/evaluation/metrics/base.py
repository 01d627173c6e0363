"""What a metric is, and the metric that a name with a cut-off stands for."""

import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from dotbench.errors import DotbenchError
from dotbench.evaluation.topk import Lists, Ranking, Scorer, mean_reciprocal_rank
from dotbench.lazy import np, torch
from dotbench.registry import Component, discover, unknown

WATCHED = {"ranking": "ndcg@10", "rating": "rmse"}  # stops training early and chooses settings, if no other is named


class Metric(Component):
    """One number for a fit and a held-out part.

    ``cutoff``: length k of the lists, from the name: ``ndcg@20``. ``cutoffs``: whether a name needs one, may have one,
    or has none. ``lower_is_better``. ``note``: what a table must say of it, with ``{k}`` for its cut-offs. Empty if its
    name says all. ``can_be_watched``: whether training may stop by it.
    """

    task: ClassVar[Literal["ranking", "rating"]]
    cutoffs: ClassVar[Literal["needed", "optional", "none"]]
    lower_is_better: ClassVar[bool] = False
    note: ClassVar[str] = ""
    can_be_watched: ClassVar[bool] = True

    def __init__(self, cutoff: int | None = None) -> None:
        self.cutoff = cutoff

    @classmethod
    def form(cls) -> str:
        """What names it: ``ndcg@k``, ``mrr or mrr@k``, ``rmse``."""
        return {"needed": f"{cls.name}@k", "optional": f"{cls.name} or {cls.name}@k", "none": cls.name}[cls.cutoffs]

    @property
    def key(self) -> str:
        """As configurations, files and columns name it, e.g. ``ndcg@20``."""
        return self.name if self.cutoff is None else f"{self.name}@{self.cutoff}"

    @property
    def header(self) -> str:
        """As tables and figures name it, e.g. ``NDCG@20``."""
        return self.title if self.cutoff is None else f"{self.title}@{self.cutoff}"


class RankingMetric(Metric):
    """A metric of lists. ``beyond``: where there is no cut-off it reads the rank of the first relevant item."""

    task = "ranking"
    cutoffs: ClassVar[Literal["needed", "optional", "none"]] = "needed"

    @property
    def k(self) -> int:
        """The cut-off, of a metric that has one."""
        assert self.cutoff is not None
        return self.cutoff

    @abstractmethod
    def value(self, lists: Lists) -> float:
        """The value of these users' lists, whose k is at least the metric's own."""

    def hits(self, lists: Lists) -> "np.ndarray":
        """Hits down to the cut-off, shape (n, at most k), bool."""
        return lists.hits[:, : self.cutoff]

    def items(self, lists: Lists) -> "np.ndarray":
        """Items down to the cut-off, −1 behind a list's end, shape (n, at most k)."""
        assert lists.items is not None
        return lists.items[:, : self.cutoff]


class UserMetric(RankingMetric):
    """A mean over users: methods are compared user by user."""

    @abstractmethod
    def of_users(self, lists: Lists) -> "np.ndarray":
        """Its value for each user, shape (n,), float64. It depends on the user's own list alone, to the last bit."""

    def value(self, lists: Lists) -> float:
        return float(self.of_users(lists).mean())

    def watch(self, ranking: Ranking, scorer: Scorer) -> dict[str, float]:
        """During training: key → mean over the users of a ranking. The keys are this metric and those `beside` it in a
        curve. The cut-off of the ranking is that of the metric."""
        lists = ranking.lists(scorer, beyond=self.cutoff is None)
        return {**self.beside(torch.from_numpy(lists.hits)), self.key: self.value(lists)}

    def beside(self, hits: "torch.Tensor") -> dict[str, float]:
        """MRR at the same cut-off, if there is one: papers draw both."""
        return {} if self.cutoff is None else {f"mrr@{self.cutoff}": mean_reciprocal_rank(hits)}


class GlobalMetric(RankingMetric):
    """One number for all lists together: there are intervals over seeds, and nothing to compare user by user."""

    can_be_watched = False


class RatingMetric(Metric):
    """A metric of predictions. ``column``: the column of per-user sums by which methods are compared, ``root``: by the
    root of its mean. No column: they are not compared."""

    task = "rating"
    cutoffs: ClassVar[Literal["needed", "optional", "none"]] = "none"
    lower_is_better = True
    column: ClassVar[str | None] = None
    root: ClassVar[bool] = False

    @abstractmethod
    def error(self, truth: "np.ndarray", prediction: "np.ndarray", rated: tuple[float, float]) -> float:
        """Of ratings and predictions of shape (n,), in rating points. ``rated``: least and greatest training rating."""


def metrics() -> dict[str, type[Any]]:
    """Metrics by name, without cut-offs."""
    return discover("evaluation.metrics", Metric)


def parse_metric(text: str, task: str | None = None) -> Any:
    """The metric that e.g. ``ndcg@20``, ``mrr`` or ``rmse`` names, of any task or of this one.

    Raises DotbenchError for a name that is none, or of the other task, and for a cut-off that is none, or absent, or
    not allowed.
    """
    name, at, cutoff = text.partition("@")
    allowed = {name: metric for name, metric in metrics().items() if task in (None, metric.task)}
    if name not in allowed and name in metrics():
        raise DotbenchError(f"metric '{text}': is of {metrics()[name].task}; needed is one of {task}")
    if name not in allowed:
        raise unknown("metric", name, (metric.form() for metric in allowed.values()))
    metric = allowed[name]
    if at and (metric.cutoffs == "none" or not re.fullmatch("[1-9][0-9]{0,5}", cutoff)):
        raise DotbenchError(f"metric '{text}': allowed is {metric.form()}, k a whole number from 1")
    if not at and metric.cutoffs == "needed":
        raise DotbenchError(f"metric '{text}': needs a cut-off, e.g. {name}@10")
    return metric(int(cutoff) if at else None)


def headers(keys: Sequence[str]) -> str:
    """E.g. ``NDCG@20, MRR``."""
    return ", ".join(parse_metric(key).header for key in keys)
