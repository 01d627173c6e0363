"""Tuning, the same for runs and simulations: grids and their points, edges, successive halving."""
