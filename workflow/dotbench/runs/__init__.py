"""One method on one dataset: tuning, fitting, evaluating."""
