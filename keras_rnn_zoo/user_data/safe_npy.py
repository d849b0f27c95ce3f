"""Arrays of `.npy` files, read without copies, and without any unpickler where NumPy wrote a pickle."""

import io
import struct
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.memory import available
from keras_rnn_zoo.user_data.object_arrays import read_pickle
from keras_rnn_zoo.user_data.pickle_machine import count_of, shaped

_LONGEST_HEADER = 2**16


def read_array(content: Any, name: str) -> Any:
    """Returns the array of a `.npy` file.

    Args:
        content: the bytes of the file; an array of numbers shares them.
        name: what messages call it.

    Raises:
        DataError: it is damaged, or holds what is no array of numbers, texts, or lists and arrays of them.
    """
    try:
        return _read(memoryview(content).cast("B"))
    except Exception as error:  # What is no array fails by many kinds, from Python's tokenizer's to those of `struct`.
        cut_short = isinstance(error, IndexError | struct.error)
        # NumPy's own errors may go on with advice to unpickle the file.
        reason = "it is cut short or damaged" if cut_short else str(error).partition("\n")[0] or type(error).__name__
        raise DataError(f"{name} cannot be read: {reason}. Write it with numpy.savez.") from None


def _read(content: memoryview) -> Any:
    file = io.BytesIO(bytes(content[:_LONGEST_HEADER]))
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"it is of the version {version} of the format; 1.0 and 2.0 are read")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    count, order, data = count_of(shape), "F" if fortran else "C", content[file.tell() :]
    if dtype.hasobject and dtype.str != "|O":
        raise ValueError(f"its items are of the type {str(dtype)[:60]!r}, which has objects in it")
    if not dtype.hasobject:
        if count * dtype.itemsize > len(data):
            raise ValueError(f"it is cut short: numbers of the shape {shape} do not fit into {len(content):,} bytes")
        if not dtype.itemsize and count > len(content):  # Nothing of it is in the file.
            raise ValueError(f"its shape is {str(shape)[:60]}, of items of no size")
        return shaped(data[: count * dtype.itemsize], dtype, shape, order)
    found = read_pickle(data, available())
    if found.dtype != object or found.shape != tuple(shape):
        raise ValueError(f"it holds an array of the shape {found.shape}, and says {shape}")
    return found
