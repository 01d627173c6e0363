"""Studies: which task, which tables and figures a comparison has; later, what only one paper needs."""
