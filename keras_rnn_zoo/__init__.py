"""Keras RNN Zoo: trained recurrent networks by name. Each public name is imported on first use."""

import importlib as _importlib
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from keras_rnn_zoo.display.notebook import set_up as _set_up_notebook
from keras_rnn_zoo.frameworks.quiet import default_hook as _default_hook
from keras_rnn_zoo.frameworks.serialization import register_when_keras_is_imported as _register_layers

if _TYPE_CHECKING:
    from keras_rnn_zoo import layers
    from keras_rnn_zoo.building import build
    from keras_rnn_zoo.comparison.compare import compare
    from keras_rnn_zoo.datasets._listing import datasets
    from keras_rnn_zoo.errors import ZooError
    from keras_rnn_zoo.exporting.export import export
    from keras_rnn_zoo.inference.evaluate import evaluate
    from keras_rnn_zoo.inference.load import load
    from keras_rnn_zoo.inference.predict import predict
    from keras_rnn_zoo.inference.predict_file import predict_file
    from keras_rnn_zoo.inspection.inspect import inspect
    from keras_rnn_zoo.listings.model_list import list_models, models
    from keras_rnn_zoo.listings.pages import show
    from keras_rnn_zoo.listings.run_list import runs
    from keras_rnn_zoo.plotting.plot import plot
    from keras_rnn_zoo.registry import list_architectures
    from keras_rnn_zoo.run import Run
    from keras_rnn_zoo.serving.serve import serve
    from keras_rnn_zoo.sharing.hub import pull, push
    from keras_rnn_zoo.sharing.pack import pack
    from keras_rnn_zoo.streaming.stream import stream
    from keras_rnn_zoo.training.make_dataset import make_dataset
    from keras_rnn_zoo.training.train import train
    from keras_rnn_zoo.tuning.tune import tune

__version__ = "0.1.0"
__all__ = [
    "Run",
    "ZooError",
    "build",
    "compare",
    "datasets",
    "evaluate",
    "export",
    "inspect",
    "layers",
    "list_architectures",
    "list_models",
    "load",
    "make_dataset",
    "models",
    "pack",
    "plot",
    "predict",
    "predict_file",
    "pull",
    "push",
    "runs",
    "serve",
    "show",
    "stream",
    "train",
    "tune",
]

_HOMES = {
    "Run": "run",
    "ZooError": "errors",
    "build": "building",
    "compare": "comparison.compare",
    "evaluate": "inference.evaluate",
    "export": "exporting.export",
    "inspect": "inspection.inspect",
    "list_architectures": "registry",
    "list_models": "listings.model_list",
    "load": "inference.load",
    "make_dataset": "training.make_dataset",
    "models": "listings.model_list",
    "pack": "sharing.pack",
    "plot": "plotting.plot",
    "predict": "inference.predict",
    "predict_file": "inference.predict_file",
    "pull": "sharing.hub",
    "push": "sharing.hub",
    "runs": "listings.run_list",
    "serve": "serving.serve",
    "show": "listings.pages",
    "stream": "streaming.stream",
    "train": "training.train",
    "tune": "tuning.tune",
}
"""The module of each public name."""


def __getattr__(name: str) -> _Any:
    if name in ("datasets", "layers"):  # Subpackages. `datasets` can be called, too.
        return _importlib.import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from keras_rnn_zoo.offline import install_offline_guard

    install_offline_guard()
    return getattr(_importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]  # Completion shows these.


_register_layers()
_set_up_notebook()
_default_hook.install()
