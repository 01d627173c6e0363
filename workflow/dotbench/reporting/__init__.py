"""From finished runs to tables, figures, and a paper's numbers beside ours."""
