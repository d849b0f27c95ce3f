"""Whether the elements of a `tf.data.Dataset` are batches of examples, or examples."""

from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo.errors import DataError

_CHANNELS = (1, 3, 4)


def is_batched(dataset: Any, parts: Sequence[Any]) -> bool:
    """Returns whether the elements are batches.

    The method `batch` leaves the first axis of each tensor open, as the axis of steps often is. So a target tells them
    apart: that of an example has no axis, or those of one-hot classes.

    Args:
        dataset: the `tf.data.Dataset`.
        parts: the specs of its tensors: those of the inputs and of the targets.

    Raises:
        DataError: both are possible.
    """
    if not all(part.shape.rank for part in parts):
        return False  # A tensor without axes is that of an example.
    strings = [part for part in parts if part.dtype.name == "string"]
    if len(strings) == len(parts):
        return all(part.shape.rank == 1 for part in parts) and _have_spaces(dataset)
    if any(_is_colored(part) for part in parts):
        return False
    if any(part.shape.rank == 1 for part in strings):
        return True  # A text has no axis.
    if any(part.shape.rank == (4 if part.dtype.name == "uint8" else 3) for part in parts):
        return True
    sizes = {part.shape[0] for part in parts}
    if len(sizes) == 1 and None not in sizes:
        raise DataError(
            f"tf.data.Dataset: elements with the shapes {', '.join(str(part.shape) for part in parts)} may be batches "
            "or examples. Pass examples: call its method unbatch() for batches, or write class indices as targets."
        )
    return sizes == {None}


def _is_colored(part: Any) -> bool:
    """Whether a tensor is a single image of a known number of channels, whose captions may be a list."""
    return part.dtype.name == "uint8" and part.shape.rank == 3 and part.shape[-1] in _CHANNELS


def _have_spaces(dataset: Any) -> bool:
    """Whether a text in the first element contains a space, unlike tokens and tags."""
    for element in dataset.take(1).as_numpy_iterator():
        parts = element.values() if isinstance(element, Mapping) else element
        return any(b" " in text for part in parts for text in part)
    return False
