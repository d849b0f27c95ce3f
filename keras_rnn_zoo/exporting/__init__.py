"""Exports of a run: one file per format, and the checks before one is published."""
