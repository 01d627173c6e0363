"""One parser per file format: raw files → a table of ratings."""
