"""What pads the targets of tasks. Imports no framework."""

IGNORED = -1
"""The class that pads targets of several steps; losses and metrics leave such steps out."""
