"""Kinds of figures that NIMC alone has."""
