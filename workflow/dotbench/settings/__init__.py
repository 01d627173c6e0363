"""Typed settings: the single source of validation, of the schema and of the documentation of a configuration."""
