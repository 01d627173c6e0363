"""dotbench from Python: data, fits, comparisons. `dotbench` offers the names; ``dotbench fit`` runs the same code."""
