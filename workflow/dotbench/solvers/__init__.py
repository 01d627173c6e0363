"""One solver per file: how the minimum of a loss is found."""
