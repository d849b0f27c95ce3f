"""Searches of options."""
