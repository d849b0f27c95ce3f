"""Trained networks by name: which there are, where they lie, and how others are fetched. Imports no framework.

The files of a network are those of a run. In the repository they are in `saved_models/`, to which the link `shipped`
leads; a wheel contains those that `index.json` marks with `in_wheel`.
"""
