"""Studies that belong to no paper: which task, metrics, tables and figures a comparison has."""
