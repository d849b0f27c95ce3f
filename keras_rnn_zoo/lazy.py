"""Modules that are loaded when first used.

Importing TensorFlow or Keras takes seconds. Entries name them through these proxies, so that `zoo list` can read an
entry's name and summary without that cost, while its code still reads as ordinary Keras code.
"""

import importlib
import types
from typing import Any


class LazyModule(types.ModuleType):
    """A stand-in for a module, which imports it when an attribute is first read."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Tools that inspect a module must not load it.
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


keras: Any = LazyModule("keras")
np: Any = LazyModule("numpy")
tf: Any = LazyModule("tensorflow")
tfds: Any = LazyModule("tensorflow_datasets")
