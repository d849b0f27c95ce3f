"""Lets Keras find the package's layers when it opens a saved model. Imports no framework.

Keras opens a saved model that has custom layers only if their classes have been registered, and never imports them
itself. Importing them along with the package would load Keras and TensorFlow for every `zoo list`. So when Keras is
imported, each class is registered by a placeholder that imports the class when a saved model needs it.
"""

import contextlib
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_rnn_zoo.frameworks.import_hook import ImportHook

PACKAGE = "keras_rnn_zoo"
"""The package name under which the layers are registered, as in `keras_rnn_zoo>LSTM`."""


class DeferredClass:
    """A placeholder for a class in Keras's registry of custom objects; importing the class replaces it there.

    Args:
        module: the full name of the module that defines the class.
        name: the name of the class.
    """

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def from_config(self, config: dict[str, Any]) -> Any:
        """Imports the class and creates an object from its Keras config."""
        return getattr(importlib.import_module(self._module), self._name).from_config(config)


def register_when_keras_is_imported() -> None:
    """Registers the layers now if Keras is loaded already, otherwise as soon as it is imported."""
    if "keras" in sys.modules:
        register_layers()
    elif _HOOK not in sys.meta_path:
        _HOOK.install()


@contextlib.contextmanager
def _then_register(name: str) -> Iterator[None]:
    yield
    register_layers()


_HOOK = ImportHook(("keras",), _then_register)


def register_layers() -> None:
    """Adds a placeholder for each layer that has not been imported to Keras's registry of custom objects."""
    registered: dict[str, Any] = sys.modules["keras"].saving.get_custom_objects()
    for module, name in layer_classes():
        registered.setdefault(f"{PACKAGE}>{name}", DeferredClass(module, name))


def layer_classes() -> Iterator[tuple[str, str]]:
    """Yields the module and the name of each class that the files in `layers/` register with Keras."""
    import re

    decorated = re.compile(rf'^@keras\.saving\.register_keras_serializable\("{PACKAGE}"\)\nclass (\w+)', re.MULTILINE)
    for path in sorted((Path(__file__).parent.parent / "layers").glob("*.py")):
        for name in decorated.findall(path.read_text(encoding="utf-8")):
            yield f"{PACKAGE}.layers.{path.stem}", name
