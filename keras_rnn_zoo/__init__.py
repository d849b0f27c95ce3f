"""Keras RNN Zoo: trained recurrent networks by name. Each public name is imported on first use."""

import importlib
from typing import TYPE_CHECKING, Any

from keras_rnn_zoo.frameworks.serialization import register_when_keras_is_imported

if TYPE_CHECKING:
    from keras_rnn_zoo.building import build
    from keras_rnn_zoo.datasets._listing import datasets
    from keras_rnn_zoo.errors import ZooError
    from keras_rnn_zoo.exporting.export import export
    from keras_rnn_zoo.inference.evaluate import evaluate
    from keras_rnn_zoo.inference.load import load
    from keras_rnn_zoo.inference.predict import predict
    from keras_rnn_zoo.inference.predict_file import predict_file
    from keras_rnn_zoo.listings.pages import show
    from keras_rnn_zoo.listings.run_list import runs
    from keras_rnn_zoo.registry import list_architectures
    from keras_rnn_zoo.training.train import train

__version__ = "0.1.0"
__all__ = [
    "ZooError",
    "build",
    "datasets",
    "evaluate",
    "export",
    "list_architectures",
    "load",
    "predict",
    "predict_file",
    "runs",
    "show",
    "train",
]

_HOMES = {
    "ZooError": ("errors", "ZooError"),
    "build": ("building", "build"),
    "datasets": ("datasets", None),  # The package itself can be called.
    "evaluate": ("inference.evaluate", "evaluate"),
    "export": ("exporting.export", "export"),
    "list_architectures": ("registry", "list_architectures"),
    "load": ("inference.load", "load"),
    "predict": ("inference.predict", "predict"),
    "predict_file": ("inference.predict_file", "predict_file"),
    "runs": ("listings.run_list", "runs"),
    "show": ("listings.pages", "show"),
    "train": ("training.train", "train"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from keras_rnn_zoo.offline import install_offline_guard

    install_offline_guard()
    module, attribute = _HOMES[name]
    home = importlib.import_module(f"{__name__}.{module}")
    return getattr(home, attribute) if attribute else home


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


register_when_keras_is_imported()
