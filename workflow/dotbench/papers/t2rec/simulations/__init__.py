"""T2Rec's simulations, one a file."""
