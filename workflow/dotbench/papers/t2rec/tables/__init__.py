"""Kinds of tables that T2Rec alone has."""
