"""The methods of a study as its datasets see them: what the tables and figures across datasets share."""

from dataclasses import dataclass

from dotbench.errors import DotbenchError
from dotbench.evaluation.metrics.base import RatingMetric, parse_metric
from dotbench.lazy import np
from dotbench.reporting.contents import Contents
from dotbench.reporting.records import joined
from dotbench.statistics.across import Practical, Ranks, practical, rank, ranks_of


@dataclass(frozen=True)
class Across:
    """``metric``: one of the study's. ``values``: its mean over seeds on one part of the split, (datasets, methods).
    ``lower_is_better``: it is an error. ``left_out``: methods without all of their runs on a dataset. ``folders``: of
    the runs of each method."""

    metric: str
    datasets: list[str]
    methods: list[str]
    values: "np.ndarray"
    lower_is_better: bool
    left_out: list[str]
    folders: list[str]

    @property
    def scores(self) -> "np.ndarray":
        """The values, the higher the better."""
        return -self.values if self.lower_is_better else self.values

    def ranks(self) -> Ranks:
        return rank(self.scores)

    def average_ranks(self) -> dict[str, float]:
        """Method → average rank, without tests."""
        return dict(zip(self.methods, ranks_of(self.scores).mean(axis=0), strict=True))

    def practical(self, first: int, second: int) -> Practical:
        """Of two methods, by their places."""
        both = self.values[:, first], self.values[:, second]
        return practical(*(reversed(both) if self.lower_is_better else both))


def across(contents: Contents, metric: str, part: str = "test") -> Across:
    """``part``: of `dotbench.reporting.rows.COLD_PARTS`, or the test part. A seed whose division has no pairs of the
    part is passed over. Raises DotbenchError if no method has finished runs on every dataset."""
    means: dict[tuple[str, str], float] = {}
    places: dict[str, list[str]] = {}
    for run in contents.runs:
        good = [record["metrics"] for record in run.metrics() if record["status"] == "ok"]
        values = [metrics[part][metric] for metrics in good if metric in metrics.get(part, ())]
        if len(good) == len(run.seeds) and values:
            means[run.dataset, run.label] = float(np.mean(values))
        places.setdefault(run.label, []).append(run.place)
    datasets = list(contents.labels)
    everywhere = [label for label in places if all((dataset, label) in means for dataset in datasets)]
    if not everywhere:
        raise DotbenchError(
            f"'{contents.report_item}' of the study '{contents.study}' in the configuration '{contents.name}': no "
            f"method has all of its runs on every dataset ({', '.join(datasets)})"
        )
    return Across(
        metric,
        datasets,
        everywhere,
        np.array([[means[dataset, label] for label in everywhere] for dataset in datasets]),
        isinstance(parse_metric(metric), RatingMetric),
        [label for label in places if label not in everywhere],
        [joined(places[label]) for label in everywhere],
    )
