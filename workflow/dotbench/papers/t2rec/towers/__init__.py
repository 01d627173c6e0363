"""Two towers trained on ratings from covariates: many small fits as one tensor program, and references for them."""
