"""Methods that simulations compare on ratings and covariates, one a file; rating baselines are among them."""
