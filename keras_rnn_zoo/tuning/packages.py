"""The package that searches options."""

import importlib.util
from typing import Any

from keras_rnn_zoo.errors import ZooError


def import_optuna() -> Any:
    """Imports Optuna, without its log; raises `ZooError` if it is not installed."""
    if importlib.util.find_spec("optuna") is None:
        raise ZooError('A search of options needs Optuna, which is not installed: pip install "keras-rnn-zoo[tune]".')
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
