"""Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019."""
