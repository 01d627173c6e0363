"""Tables, figures and indexes made from finished runs."""
