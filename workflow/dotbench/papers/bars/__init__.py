"""Gowalla in the division of NGCF and LightGCN, as the open leaderboard BARS lists it: a check from outside."""
