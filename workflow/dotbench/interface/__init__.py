"""dotbench from Python: data, fits, comparisons. The package `dotbench` offers the names, and ``dotbench fit`` runs the
same code."""
