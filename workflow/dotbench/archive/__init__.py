"""Finished runs and tables as files that travel: export and import."""
