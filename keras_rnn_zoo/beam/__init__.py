"""Predictions on Apache Beam: rows of files are answered by many workers, on one machine or on a cluster.

Only `pipeline.py` and `storage.py` import Beam, which the extra `beam` installs.
"""
