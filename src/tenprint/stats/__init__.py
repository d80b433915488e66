"""Figures with intervals: error rates of comparisons, and how far a small sample lets one trust them."""
