"""A folder per paper: its study, published numbers, simulations, methods, tables and figures. None imports another."""
