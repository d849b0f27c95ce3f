"""Replaces methods of layers for the duration of a `with` block."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any


@contextlib.contextmanager
def patched(methods: Mapping[tuple[Any, str], Any]) -> Iterator[None]:
    """Replaces methods of objects inside a `with` block.

    Args:
        methods: for each object and name of a method, the function in its place.
    """
    try:
        for (owner, name), function in methods.items():
            # Bypass Keras's attribute tracking: the function is not part of the model.
            object.__setattr__(owner, name, function)
        yield
    finally:
        for owner, name in methods:
            vars(owner).pop(name, None)
