"""Series in memory, with their targets."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.formats.npz import LENGTHS, Arrays
from keras_rnn_zoo.user_data.memory_table import InMemory
from keras_rnn_zoo.user_data.python_data import PythonData
from keras_rnn_zoo.user_data.python_pairs import Pairs
from keras_rnn_zoo.user_data.python_tables import DictTable
from keras_rnn_zoo.user_data.rows import Row


class MemoryArrays(InMemory, Arrays):
    """Series in memory, in arrays as in an `npz` file, or in a column of lists; see `Arrays`."""

    def open(self, location: PythonData) -> Mapping[str, Any]:  # type: ignore[override]
        self.path = Path(location.title)
        data = location.main
        if isinstance(data, Pairs):
            return {"x": as_array(data.x), "y": as_array(data.y)}
        # Only a dict may hold padded arrays, whose lengths are in another one. Lists have their own lengths.
        names = [name for name, path in data.fields.items() if len(path) == 1]
        names = [name for name in names if name not in LENGTHS or isinstance(data, DictTable)]
        columns = {name: data.column(data.fields[name][0]) for name in names}
        return {name: np.asarray(x) if name in LENGTHS else as_array(x) for name, x in columns.items()}

    def checksum(self) -> str:
        """Returns a SHA-256 of the series and targets."""
        total = hashlib.sha256(self.task.encode())
        for row in self.rows():
            if isinstance(row, Row):
                series = self.series(row.raw)
                total.update(f"{series.dtype}{series.shape}{row.target!r}".encode() + self.key(row))
            else:
                total.update(str(row).encode("utf-8", "backslashreplace"))
        return total.hexdigest()


def as_array(values: Any) -> Any:
    """Returns values as an array of one axis, unless they are an array already."""
    if isinstance(values, np.ndarray):
        return values
    array = np.empty(len(values), object)
    for index, value in enumerate(values):  # NumPy would make lists of equal lengths an axis.
        array[index] = value
    return array
