"""Inputs and targets in memory, `(x, y)`: lists, arrays or a `tf.data.Dataset`."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.memory import available
from keras_rnn_zoo.user_data.npz_archive import MEMORY_FRACTION
from keras_rnn_zoo.user_data.python_tables import DictTable, PythonTable, python_table, shortest_of, title_of, unmasked
from keras_rnn_zoo.user_data.recordings import is_recording
from keras_rnn_zoo.user_data.targets import as_column, as_targets
from keras_rnn_zoo.user_data.tensor_batches import is_batched
from keras_rnn_zoo.user_data.typed_values import is_missing

ARRAYS = "arrays"
"""The title of inputs and targets that are lists or arrays."""
CHECKED = 1000
"""Number of examples of a `tf.data.Dataset` after which the free memory is compared again."""
_COLUMNS = {
    "translation": ("source", "target"),
    "tagging": ("tokens", "tags"),
    "transcription": ("", "text"),
    "captioning": ("", "caption"),
}
"""Names of the columns of inputs and targets, by task; by default, the kind of input and "y"."""


@dataclass(frozen=True)
class Pairs:
    """Inputs and targets in memory.

    Attributes:
        title: what they are, such as "arrays".
        x: the inputs, a list or an array.
        y: the targets, a list or an array.
    """

    title: str
    x: Any
    y: Any

    @property
    def kind(self) -> str:
        """The kind of input: "text", "tokens", "image", "audio" or "series"; "" if it is not known."""
        if isinstance(self.x, np.ndarray) and self.x.dtype.kind in "US":
            return "text"
        if isinstance(self.x, np.ndarray) and self.x.dtype.kind in "biuf":
            return _kind_of_array(self.x.dtype, self.x.ndim - 1)
        return kind_of(next((value for value in self.x if not is_missing(value)), ""))

    def table(self, task: str, kind: str) -> PythonTable:
        """Returns inputs of a kind and their targets as a table with columns that are usual for a task."""
        input, target = _COLUMNS.get(task, ("", "y"))
        return DictTable({input or kind: self.x, target: self.targets()}, self.title)

    def targets(self) -> Any:
        """Returns a target for each example; one-hot rows become class indices."""
        if not isinstance(self.y, np.ndarray) or self.y.dtype.kind in "OSU":
            return self.y
        return as_targets(as_column(self.y, f"{self.title}, y"), f"{self.title}, y", one_hot=True)


def kind_of(value: Any) -> str:
    """Returns the kind of a single input: "text", "tokens", "image", "audio" or "series"; "" if it is not known."""
    if isinstance(value, str):
        return "text"
    if is_recording(value):
        return "audio"
    if isinstance(value, bytes):
        return "image" if value.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")) else "text"
    if type(value).__module__.partition(".")[0] == "PIL":
        return "image"
    if not isinstance(value, list | tuple | np.ndarray):
        return ""
    if isinstance(value, np.ndarray) and not value.ndim:
        return kind_of(value.item())
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return _kind_of_array(value.dtype, value.ndim)
    first = next((item for item in value if not is_missing(item)), None)
    if isinstance(first, str | bytes):
        return "tokens"
    return "series" if isinstance(first, int | float | list | tuple | np.ndarray | np.number) else ""


def _kind_of_array(dtype: Any, dimensions: int) -> str:
    """Returns the kind of an input that is an array of numbers with this number of axes."""
    if dtype == np.uint8 and dimensions in (2, 3):
        return "image"
    return "series" if dimensions in (1, 2) else ""


def as_pairs(data: Any) -> Pairs | PythonTable | None:
    """Returns inputs and targets, or the table of a `tf.data.Dataset` of dicts; `None` for other data.

    Args:
        data: a tuple `(x, y)`, a list of such tuples, a list of texts, or a `tf.data.Dataset`.
    """
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None and isinstance(data, tensorflow.data.Dataset):
        return _from_tf_data(data)
    if isinstance(data, tuple):
        if len(data) != 2:
            raise DataError(
                f"A tuple of inputs and targets, (x, y), is expected; received {quantity(len(data), 'item')}."
            )
        return Pairs(ARRAYS, _values(data[0], "x"), _values(data[1], "y"))
    if isinstance(data, list) and data and all(isinstance(row, tuple) and len(row) == 2 for row in data):
        return Pairs("list of tuples", [row[0] for row in data], [row[1] for row in data])
    if isinstance(data, list) and data and all(isinstance(row, str) for row in data):
        return DictTable({"text": data}, "list of texts")
    return None


def _values(values: Any, name: str) -> Any:
    """Returns inputs or targets as a list or an array."""
    if (table := None if isinstance(values, Mapping | list) else python_table(values)) is not None:
        if len(table.fields) > 1:
            raise DataError(
                f"arrays: {name} has {len(table.fields):,} columns; a single one is expected. Pass a table of all "
                "columns as dataset, and name those to read with columns."
            )
        return table.column(next(iter(table.fields)))
    if hasattr(values, "numpy") and not callable(getattr(values, "to_list", None)):
        values = values.numpy()  # A tensor, ragged or not.
    values = unmasked(values, f"arrays: {name}")
    if isinstance(values, np.ndarray) and values.ndim:
        return values
    if isinstance(values, tuple):
        return list(values)
    for method in ("to_list", "to_pylist"):
        if callable(getattr(values, method, None)):
            return shortest_of(values, list(getattr(values, method)()))
    if not isinstance(values, list):
        raise DataError(f"arrays: {name} must be a list or an array; received the type {title_of(values)}.")
    return values


def _from_tf_data(dataset: Any) -> Pairs | PythonTable:
    """Reads a `tf.data.Dataset` into memory, since a training needs its examples in random order."""
    title, spec = "tf.data.Dataset", dataset.element_spec
    if int(dataset.cardinality()) == -1:
        raise DataError(f"{title} is infinite. Limit it with its method take(count).")
    is_table = isinstance(spec, Mapping)
    if not is_table and not (isinstance(spec, tuple) and len(spec) == 2):
        raise DataError(f"{title}: elements (input, target) are expected; received {spec}. Use its method map.")
    parts = list(spec.values()) if is_table else list(spec)
    if not parts or not all(hasattr(part, "shape") and hasattr(part, "dtype") for part in parts):
        raise DataError(f"{title}: inputs and targets must be tensors; received {spec}. Use its method map.")
    if is_batched(dataset, parts):
        dataset = dataset.unbatch()
    rows = list(_elements(dataset, title))
    if is_table:
        return DictTable({name: [row[name] for row in rows] for name in spec}, title)
    return Pairs(title, [raw for raw, _ in rows], _stacked([target for _, target in rows]))


def _stacked(targets: list[Any]) -> Any:
    """Returns one-hot targets of one shape as an array, and others unchanged."""
    shapes = {getattr(target, "shape", ()) for target in targets}
    is_array = len(shapes) == 1 and shapes != {()} and targets[0].dtype.kind in "biuf"
    return np.stack(targets) if is_array else targets


def _elements(dataset: Any, title: str) -> Iterator[Any]:
    size = 0
    for number, element in enumerate(dataset.as_numpy_iterator()):
        size += sum(map(_bytes_of, element.values() if isinstance(element, Mapping) else element))
        if number % CHECKED == 0 and (room := available()) < size * (1 - MEMORY_FRACTION):
            raise DataError(
                f"{title} does not fit in memory: {size:,} bytes were read, and {room:,} bytes are left. Pass fewer "
                "examples, or write them to files."
            )
        yield element


def _bytes_of(value: Any) -> int:
    return int(getattr(value, "nbytes", 0)) or (len(value) if isinstance(value, bytes | Sequence) else 8)
