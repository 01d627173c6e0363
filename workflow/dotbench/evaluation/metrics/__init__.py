"""Metrics, one a file, found by discovery: what is told of the lists, or the predictions, of a finished fit."""
