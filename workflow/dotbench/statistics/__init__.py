"""Intervals and tests for comparing methods."""
