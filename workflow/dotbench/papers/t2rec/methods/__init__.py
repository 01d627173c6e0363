"""Rating methods that T2Rec's simulations compare beside the general ones, one a file."""
