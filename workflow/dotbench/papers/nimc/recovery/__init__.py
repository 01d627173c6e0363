"""NIMC's recovery problems: many small fits of φ(XU) φ(YV)ᵀ to observed entries, as one tensor program."""
