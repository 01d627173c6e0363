"""One loss per file. The family (base.py) owns sampling and reduction, the loss owns its formula."""
