"""What pads the targets of tasks. Imports no framework."""

IGNORED = -1
"""The class that pads targets of several steps; losses and metrics leave such steps out."""

UNSPECIFIED = "_"
"""The tag of a word that has none, where it is not among the classes: the word is read, and counts nowhere."""
