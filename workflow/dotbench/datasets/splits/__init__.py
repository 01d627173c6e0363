"""How pairs become train, validation and test parts: one protocol a file."""
