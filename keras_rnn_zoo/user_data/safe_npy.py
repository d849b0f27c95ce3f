"""Reads arrays of `.npy` files without copies, and without Python's unpickler."""

import io
import struct
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.memory import available
from keras_rnn_zoo.user_data.object_arrays import read_pickle
from keras_rnn_zoo.user_data.pickle_machine import count_of, shaped

_MAX_HEADER = 2**16
"""Maximum size of the header in bytes."""


def read_array(content: Any, name: str) -> Any:
    """Returns the array of a `.npy` file.

    Args:
        content: the bytes of the file; an array of numbers shares this memory.
        name: name of the array, for messages.

    Raises:
        DataError: it is damaged, or is not an array of numbers, texts, or lists and arrays of these.
    """
    try:
        return _read(memoryview(content).cast("B"))
    except Exception as error:  # Invalid files cause many kinds of exceptions, from the tokenizer's to `struct.error`.
        is_truncated = isinstance(error, IndexError | struct.error)
        # Use only the first line of NumPy's messages, which may then advise to unpickle the file.
        reason = "it is truncated or damaged" if is_truncated else str(error).partition("\n")[0] or type(error).__name__
        raise DataError(f"{name} cannot be read: {reason}. Write it with numpy.savez.") from None


def _read(content: memoryview) -> Any:
    file = io.BytesIO(bytes(content[:_MAX_HEADER]))
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"it has version {version} of the format; only 1.0 and 2.0 are supported")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    count, order, data = count_of(shape), "F" if fortran else "C", content[file.tell() :]
    if dtype.hasobject and dtype.str != "|O":
        raise ValueError(f"its items have the dtype {str(dtype)[:60]!r}, which contains objects")
    if not dtype.hasobject:
        if count * dtype.itemsize > len(data):
            raise ValueError(f"it is truncated: numbers of the shape {shape} do not fit into {len(content):,} bytes")
        if not dtype.itemsize and count > len(content):  # Its items take no bytes in the file.
            raise ValueError(f"its shape is {str(shape)[:60]}, but its items have no size")
        return shaped(data[: count * dtype.itemsize], dtype, shape, order)
    result = read_pickle(data, available())
    if result.dtype != object or result.shape != tuple(shape):
        raise ValueError(f"it contains an array of the shape {result.shape}, but declares {shape}")
    return result
