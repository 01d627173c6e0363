"""dotbench: a reproducible benchmark of dot-product recommenders."""

__version__ = "0.1.0"
