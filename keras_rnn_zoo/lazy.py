"""Modules that are imported on first use.

Importing TensorFlow or Keras takes seconds. Entries refer to them through these proxies, so that `zoo list` can read an
entry's name and summary without that cost, while the entry's code still reads like ordinary Keras code.
"""

import importlib
import types
from typing import TYPE_CHECKING, Any


class LazyModule(types.ModuleType):
    """A proxy that imports the module when one of its attributes is first read."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Tools that only inspect a module must not import it.
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


if TYPE_CHECKING:  # Type checkers see the real modules.
    import keras as keras
    import numpy as np
    import tensorflow as tf
    import tensorflow_datasets as tfds
else:
    keras = LazyModule("keras")
    np = LazyModule("numpy")
    tf = LazyModule("tensorflow")
    tfds = LazyModule("tensorflow_datasets")

__all__ = ["LazyModule", "keras", "np", "tf", "tfds"]
