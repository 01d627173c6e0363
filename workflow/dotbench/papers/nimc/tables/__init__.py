"""Kinds of tables that NIMC alone has."""
