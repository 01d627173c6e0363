"""The command line: ``dotbench`` for people, one thin entry point per stage for the workflow."""
