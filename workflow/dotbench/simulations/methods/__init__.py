"""Methods that simulations compare on ratings and covariates, one a file. Rating baselines are among them."""
