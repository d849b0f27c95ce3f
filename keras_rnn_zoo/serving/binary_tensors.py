"""Tensors as bytes, as Triton's extension of the Open Inference Protocol has them: little-endian, row by row."""

from typing import Any

from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.serving.errors import RequestError

DATATYPES = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "object": "BYTES",
}
"""The names of the protocol by those of NumPy's dtypes."""
_SIZE = 4
"""Number of bytes before each string, which say how long it is."""


def datatype_of(dtype: Any) -> str:
    """Returns the name of a NumPy dtype in the protocol."""
    return DATATYPES.get(np.dtype(dtype).name, "BYTES")


def decode(name: str, content: memoryview, dtype: Any) -> Any:
    """Returns bytes as a flat array.

    Args:
        name: the name of the input, for messages.
        content: the bytes; before each string, its length in four bytes.
        dtype: the NumPy dtype; `object` for strings.

    Raises:
        RequestError: the bytes are no such values, or a number is infinite.
    """
    if np.dtype(dtype).kind != "O":
        little = np.dtype(dtype).newbyteorder("<")
        if len(content) % little.itemsize:
            raise RequestError(f"The input {name!r} has {len(content):,} bytes, which are no {little.name} values.")
        array = np.frombuffer(content, little).astype(dtype)
        if array.dtype.kind == "f" and np.isinf(array).any():
            raise RequestError(f"The input {name!r} has an infinite number. A missing value is NaN.")
        return array
    values, start = [], 0
    while start < len(content):
        end = start + _SIZE + int.from_bytes(content[start : start + _SIZE], "little")
        if end > len(content):
            raise RequestError(f"The input {name!r} ends within a string.")
        values.append(bytes(content[start + _SIZE : end]))
        start = end
    array = np.empty(len(values), object)
    array[:] = values
    return array


def encode(array: Any) -> bytes:
    """Returns an array as bytes."""
    if array.dtype != object:
        return bytes(array.astype(array.dtype.newbyteorder("<")).tobytes())
    return b"".join(len(value).to_bytes(_SIZE, "little") + value for value in array.ravel().tolist())
