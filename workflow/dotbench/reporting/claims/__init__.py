"""What a paper claims, as data, and whether it holds: in its printed numbers, and in ours."""
