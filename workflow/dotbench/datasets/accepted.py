"""What a user takes although it is not as it should be: by the definition, or by a variable that names the dataset."""

import os

from dotbench.datasets.definition import Dataset


def accepts_unverified(dataset: Dataset) -> bool:
    """Copies whose digest is not the official one: ``accept_unverified``, or DOTBENCH_ACCEPT_UNVERIFIED."""
    return dataset.accept_unverified or _named(dataset, "DOTBENCH_ACCEPT_UNVERIFIED")


def accepts_counts(dataset: Dataset) -> bool:
    """Counts other than the published ones: ``accept_counts``, or DOTBENCH_ACCEPT_COUNTS."""
    return dataset.accept_counts or _named(dataset, "DOTBENCH_ACCEPT_COUNTS")


def _named(dataset: Dataset, variable: str) -> bool:
    """Whether the variable, names separated by commas or spaces, holds the dataset's."""
    return dataset.name in os.environ.get(variable, "").replace(",", " ").split()
