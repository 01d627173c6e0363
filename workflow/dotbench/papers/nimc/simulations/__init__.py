"""NIMC's simulations, one a file."""
