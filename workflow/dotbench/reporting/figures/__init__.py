"""Kinds of figures, one a file, found by discovery."""
