"""Tables in memory, of whatever library, as named columns whose rows are read by their indices."""

import abc
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.packages import optional_package
from keras_rnn_zoo.user_data.columnar import field_paths
from keras_rnn_zoo.user_data.hub_features import converter
from keras_rnn_zoo.user_data.recordings import is_recording
from keras_rnn_zoo.user_data.typed_values import is_missing, shortest

SAMPLED = 1000
"""Number of rows in which a value that is not missing is searched for, to find out whether a column is nested."""
_FRAMES = ("pandas", "polars", "pyarrow", "modin", "cudf")
"""The libraries whose tables narwhals reads."""


class PythonTable(abc.ABC):
    """A table in memory.

    Attributes:
        title: the type of the object, such as "pandas.DataFrame", for messages and the run's configuration.
        fields: for the name of each column, the keys that lead to its values; see `Columnar.open`.
    """

    title: str
    fields: Mapping[str, tuple[str, ...]]
    has_time_index = False
    """Whether it has an index of times, as pandas has them, which is not read."""

    @abc.abstractmethod
    def __len__(self) -> int: ...

    @abc.abstractmethod
    def read(self, names: Sequence[str], start: int, stop: int) -> list[Sequence[Any]]:
        """Returns the values of columns, by their first keys, in the rows from `start` to `stop`."""

    def column(self, name: str) -> Sequence[Any]:
        """Returns all values of a column."""
        return list(self.read([name], 0, len(self))[0])

    def first_value(self, name: str) -> Any:
        """Returns the first value of a column that is not missing, among the first rows; or `None`."""
        values = self.read([name], 0, min(SAMPLED, len(self)))[0]
        return next((value for value in values if not is_missing(value)), None)

    def _paths(self, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Returns the keys of columns; a column of dicts has those of its first dict."""
        return field_paths((path for name in names for path in _nested((name,), self.first_value(name))), self.title)


class DictTable(PythonTable):
    """A dict of columns: lists, NumPy arrays, or columns of a library such as pandas."""

    def __init__(self, columns: Mapping[Any, Any], title: str = "dict") -> None:
        self.title = title
        self._columns = {str(name): _indexed(values, f"{title}, column {name!r}") for name, values in columns.items()}
        lengths = {name: len(values) for name, values in self._columns.items()}
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{name!r} has {length:,}" for name, length in lengths.items())
            raise DataError(f"{title}: all columns must have the same number of rows: {shown}. Correct their lengths.")
        self.fields = self._paths(self._columns)

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def read(self, names: Sequence[str], start: int, stop: int) -> list[Sequence[Any]]:
        return [self._columns[name][start:stop] for name in names]

    def column(self, name: str) -> Sequence[Any]:
        return self._columns[name]  # An array stays one.


class FrameTable(PythonTable):
    """A table of pandas, Polars, PyArrow, or another library that narwhals reads. The index of pandas is not read."""

    def __init__(self, frame: Any) -> None:
        self.title = title_of(frame)
        narwhals = _narwhals(self.title)
        if hasattr(frame, "set_axis"):  # pandas, whose columns may have any names; narwhals refuses equal ones.
            self.has_time_index = type(frame.index).__name__ in ("DatetimeIndex", "PeriodIndex")
            frame = frame.set_axis([_name(column) for column in frame.columns], axis=1)
            field_paths(((str(column),) for column in frame.columns), self.title)
        try:
            self._frame = narwhals.from_native(frame, eager_only=True)
        except (TypeError, ValueError) as error:
            lazy = "; call its method collect() first" if hasattr(frame, "collect") else ""
            raise DataError(
                f"{self.title}: a table with its rows in memory is expected{lazy} ({str(error).splitlines()[0]})."
            ) from None
        # A float32 of Python would show digits that the column does not have: 0.1 as 0.10000000149011612.
        self._float32 = {name for name, dtype in self._frame.schema.items() if dtype == narwhals.Float32}
        self.fields = self._paths(self._frame.columns)

    def __len__(self) -> int:
        return len(self._frame)

    def read(self, names: Sequence[str], start: int, stop: int) -> list[Sequence[Any]]:
        columns = {name: self._frame[name][start:stop] for name in names}
        return [shortest(c.to_list()) if name in self._float32 else c.to_list() for name, c in columns.items()]


class HuggingFaceTable(PythonTable):
    """A `datasets.Dataset` of Hugging Face. Class labels are read as their names, and those of -1 as missing."""

    def __init__(self, dataset: Any) -> None:
        self.title = title_of(dataset)
        self._dataset = _undecoded(dataset.with_format(None))
        self._changes = {name: converter(feature) for name, feature in dataset.features.to_dict().items()}
        self.fields = self._paths(dataset.column_names)

    def __len__(self) -> int:
        return len(self._dataset)

    def read(self, names: Sequence[str], start: int, stop: int) -> list[Sequence[Any]]:
        rows = self._dataset.select_columns(list(names))[start:stop]
        changes = [(rows[name], self._changes[name]) for name in names]
        return [list(map(change, values)) if change else values for values, change in changes]


def _undecoded(dataset: Any) -> Any:
    """Returns a dataset whose recordings are files or their content; their decoder would be one more requirement."""
    for name, feature in dataset.features.items():
        if type(feature).__name__ == "Audio":
            dataset = dataset.cast_column(name, type(feature)(sampling_rate=feature.sampling_rate, decode=False))
    return dataset


def python_table(data: Any) -> PythonTable | None:
    """Returns the table that an object is, or `None` if it is not a table."""
    library = type(data).__module__.partition(".")[0]
    if is_hugging_face(data, "Dataset"):
        return HuggingFaceTable(data)
    if library in _FRAMES and hasattr(type(data), "columns"):
        return FrameTable(data)
    if isinstance(data, Mapping):
        return DictTable(data, title_of(data))
    if isinstance(data, list) and data and all(isinstance(row, Mapping) for row in data):
        names = dict.fromkeys(name for row in data for name in row)
        return DictTable({name: [row.get(name) for row in data] for name in names}, "list of dicts")
    return None


def is_hugging_face(data: Any, *types: str) -> bool:
    """Whether an object is of one of the named types of `datasets`, which is imported if it is."""
    datasets = sys.modules.get("datasets")
    return any(isinstance(data, getattr(datasets, name, ())) for name in types)


def title_of(data: Any) -> str:
    """Returns the name of an object's type with its library, such as "pandas.DataFrame"."""
    kind = type(data)
    library = kind.__module__.partition(".")[0]
    return kind.__name__ if library == "builtins" else f"{library}.{kind.__name__}"


def _narwhals(title: str) -> Any:
    return optional_package("narwhals", "tables", f"Reading a {title}")


def _name(column: Any) -> str:
    """Returns the name of a column of pandas, which may be a number or, with several levels, a tuple."""
    return ".".join(str(part) for part in column if part != "") if isinstance(column, tuple) else str(column)


def _nested(path: tuple[str, ...], value: Any) -> Iterator[tuple[str, ...]]:
    """Yields the keys of the columns within a value: its own ones, or those of each item of a dict."""
    if not isinstance(value, Mapping) or not value or is_recording(value):
        yield path
        return
    for key, inner in value.items():
        yield from _nested((*path, str(key)), inner)


def _indexed(values: Any, name: str) -> Sequence[Any]:
    """Returns the values of a column as an object that can be sliced, without copying more than necessary."""
    if hasattr(values, "numpy") and not callable(getattr(values, "to_list", None)):
        values = values.numpy()  # A tensor.
    values = unmasked(values, name)
    if isinstance(values, list | tuple | range | np.ndarray):
        if isinstance(values, np.ndarray) and not values.ndim:
            raise DataError(f"{name}: a list of values is expected; received a single one.")
        return values  # type: ignore[return-value]
    for method in ("to_list", "to_pylist", "tolist"):
        if callable(getattr(values, method, None)):
            return shortest_of(values, list(getattr(values, method)()))
    raise DataError(f"{name}: a list or an array of values is expected; received the type {title_of(values)}.")


def unmasked(values: Any, name: str) -> Any:
    """Returns a masked array of NumPy as an array with `None` in place of masked values, and others unchanged."""
    if not isinstance(values, np.ma.MaskedArray):
        return values
    if not np.ma.getmaskarray(values).any():
        return values.data
    if values.ndim > 1:
        raise DataError(f"{name}: masked values within series are not supported. Replace them with its method filled.")
    plain = np.empty(len(values), object)
    plain[:] = list(values.data)
    plain[np.ma.getmaskarray(values)] = None
    return plain


def shortest_of(column: Any, values: list[Any]) -> list[Any]:
    """Returns the values of a column of a library with the digits that its type has; see `shortest`."""
    dtype = str(getattr(column, "dtype", getattr(column, "type", ""))).casefold()
    known = {"float32": "float32", "float": "float32", "float[pyarrow]": "float32", "halffloat": "float16"}
    return shortest(values, known[dtype]) if dtype in known else values
