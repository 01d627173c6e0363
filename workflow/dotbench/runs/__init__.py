"""Runs: tuning, fitting and evaluating one method on one dataset, and the records they leave."""
