"""Kinds of tables, one a file, found by discovery."""
