"""Datasets: definitions, sources and their verification, parsers, generators, preparation, splits."""
