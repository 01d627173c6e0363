"""Methods that simulations compare on ratings and covariates, one per file; rating baselines are among them."""
