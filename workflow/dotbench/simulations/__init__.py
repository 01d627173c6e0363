"""Simulations: many small fits of generated data, many of them in one job. Each is one file in its paper's folder."""
