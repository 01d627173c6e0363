"""One generator per kind of simulated data: settings and a seed → a table of ratings."""
