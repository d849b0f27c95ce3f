"""Constants of forecasting that entries need when they are listed, without the modules that read tables over time."""

INPUT = "window"
"""The kind of input of windows."""
MODEL_DEFAULTS = {"bidirectional": False, "pooling": "last", "learning_rate": 1e-3}
"""Defaults that suit forecasting: the last step matters most, and later steps are not known in advance."""
DEFAULT_SPLITS = "70/10/20"
