"""Pu et al., Learning-Efficient Yet Generalizable Collaborative Filtering for Item Recommendation, ICML 2024."""
