"""Packed experiments: simulations of many small fits, many of them in one job, one experiment per file."""
