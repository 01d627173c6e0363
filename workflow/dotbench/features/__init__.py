"""Covariates of users and items: demographics, genres, n-grams and aspects of reviews, votes, item factors."""
