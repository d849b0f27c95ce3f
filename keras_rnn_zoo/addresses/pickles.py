"""NumPy's arrays of objects, which it writes as pickles: read without running what a pickle asks for."""

import io
import math
import pickle
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np

HARMLESS = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
}
"""What a pickle of arrays, lists, numbers and texts names."""


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in HARMLESS:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no array of numbers needs")
        return super().find_class(module, name)


def read_array(content: bytes, name: str) -> Any:
    """Returns the array of a `.npy` file; `name` is what messages call it. Raises `DataError` where it is damaged."""
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, _, dtype = read(file)
        if not dtype.hasobject:
            if math.prod(shape) * dtype.itemsize > len(content):
                raise ValueError(
                    f"it is cut short: numbers of the shape {shape} do not fit into {len(content):,} bytes"
                )
            return np.load(io.BytesIO(content), allow_pickle=False)
        return np.asarray(_ArrayUnpickler(file).load(), object).reshape(shape)
    except Exception as error:  # What is no array fails by many kinds, from Python's tokenizer's to pickle's.
        raise DataError(f"{name} cannot be read: {error}. Write it with numpy.savez.") from None
