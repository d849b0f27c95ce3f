"""The entries of the registry: their kinds, how they are found in the tree and in plugins. Imports no framework."""
