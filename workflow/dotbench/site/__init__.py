"""Finished results as pages to click through: one file of HTML without any request, made from the tables."""
