"""The package that searches options."""

from typing import Any

from keras_rnn_zoo.errors import ZooError
from keras_rnn_zoo.packages import optional_package


def import_optuna() -> Any:
    """Imports Optuna, without its log; raises `ZooError` if it is not installed."""
    optuna = optional_package("optuna", "tune", "A search of options", ZooError)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
