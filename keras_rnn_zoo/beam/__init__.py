"""Predictions and evaluations on Apache Beam: many workers answer the rows of files, on one machine or on a cluster.

Only `pipeline.py`, `evaluation_pipeline.py`, `chain.py`, and `storage.py` import Beam, which the extra `beam` installs.
"""
