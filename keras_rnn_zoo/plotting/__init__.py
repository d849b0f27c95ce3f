"""Plots of a run: of its training, its scores, and what it does with an input."""
