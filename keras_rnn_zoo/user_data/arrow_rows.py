"""Rows of Arrow data: the base class of Parquet, Arrow and Hugging Face files, read a record batch at a time."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.errors import DataError, ZooError
from keras_rnn_zoo.packages import optional_package
from keras_rnn_zoo.user_data.columnar import field_paths
from keras_rnn_zoo.user_data.held_rows import HeldRows
from keras_rnn_zoo.user_data.prediction_outputs import Prediction, PredictionFile, flat, named, valid_unicode
from keras_rnn_zoo.user_data.typed_values import shortest

MAX_DEPTH = 10
"""Maximum depth of nested columns; deeper ones are not listed."""
ROWS_WRITTEN = 4096
"""Number of rows in a group that is written."""


class ArrowRows(HeldRows):
    """Rows of Arrow data; a subclass opens the files and reads their groups as record batches.

    Attributes:
        schema: the `pyarrow.Schema`.
    """

    schema: Any

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in self._names_read():
            if str(self.schema.field(name).type) == "null":  # The rows of such a column may be any number, in no bytes.
                raise DataError(f"{self.named()[0]}: the column {name!r} has no values. Name another one.")

    def read_batches(self, group: int, columns: Sequence[str], skip: int) -> Iterator[Any]:
        """Yields the record batches of a group with the columns of these names, without the first `skip` rows."""
        raise NotImplementedError

    def read_group(self, group: int, columns: Sequence[str], skip: int) -> Iterator[Sequence[Sequence[Any]]]:
        with translated(self.named()[0]):
            for batch in self.read_batches(group, columns, skip):
                yield [python_values(batch.column(name)) for name in columns]


def pyarrow(module: str, what: object) -> Any:
    """Imports a module of PyArrow; raises `DataError` if it is not installed."""
    return optional_package(module, "parquet", str(what))


def columns_of(schema: Any, path: Path) -> dict[str, tuple[str, ...]]:
    """Returns the keys of each column of a schema, and of those within nested columns, by name; see `field_paths`."""
    with translated(path):
        keys = [keys for field in schema for keys in _leaves(field, ())]
    return field_paths(keys, path)


def _leaves(field: Any, outer: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    path = (*outer, field.name)
    is_nested = type(field.type).__name__ == "StructType" and field.type.num_fields and len(path) < MAX_DEPTH
    if not is_nested:
        yield path
        return
    for index in range(field.type.num_fields):
        yield from _leaves(field.type.field(index), path)


def python_values(array: Any) -> list[Any]:
    """Returns the values of an Arrow array.

    The values of a dictionary are converted once, so that a small file cannot ask for a lot of memory by repeating a
    long text.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    if isinstance(array, pa.DictionaryArray):
        used = pc.unique(array.indices.drop_null())
        by_index = dict(zip(used.to_pylist(), python_values(array.dictionary.take(used)), strict=True))
        return [None if index is None else by_index[index] for index in array.indices.to_pylist()]
    if isinstance(array, pa.StructArray) and array.type.num_fields:
        names = [field.name for field in array.type]
        inner = zip(*map(python_values, array.flatten()), strict=True)
        return [
            dict(zip(names, row, strict=True)) if is_valid else None
            for row, is_valid in zip(inner, array.is_valid().to_pylist(), strict=True)
        ]
    if array.type in (pa.float32(), pa.float16()):
        numbers: list[Any] = shortest(array.to_pylist(), "float32" if array.type == pa.float32() else "float16")
        return numbers
    unit = getattr(array.type, "unit", None)
    if unit == "ns" and not pa.types.is_dictionary(array.type):  # Python's dates and times end at microseconds.
        array = array.cast(_in_microseconds(array.type), safe=False)
    try:
        values: list[Any] = array.to_pylist()
    except UnicodeDecodeError:  # The rows with invalid bytes are reported later.
        raw = array.cast(pa.large_binary() if pa.types.is_large_string(array.type) else pa.binary()).to_pylist()
        values = [None if content is None else content.decode("utf-8", "surrogateescape") for content in raw]
    return values


def _in_microseconds(type: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_timestamp(type):
        return pa.timestamp("us", type.tz)
    return pa.duration("us") if pa.types.is_duration(type) else pa.time64("us")


@contextlib.contextmanager
def translated(path: object) -> Iterator[None]:
    """Converts the errors of PyArrow for a damaged file to `DataError`."""
    try:
        yield
    except (ZooError, MemoryError, KeyboardInterrupt, GeneratorExit):
        raise
    except Exception as error:  # PyArrow raises its own, `OSError`, `ValueError`, `KeyError` and more.
        reason = str(error).strip().partition("\n")[0][:200].rstrip(".") or type(error).__name__
        raise DataError(f"{path} cannot be read: {reason}. It may be truncated or damaged: copy it again.") from None


class ArrowRowsFile(PredictionFile):
    """A file of Arrow data with predictions, written in groups of rows; a subclass writes tables.

    The columns of Arrow inputs keep their types. Other types follow from the first group of rows.
    """

    binary = True

    def __init__(self, file: Any, schema: Any = None) -> None:
        pyarrow("pyarrow", "Writing this format")
        self._file, self._schema = file, schema
        self._rows: list[dict[str, Any]] = []
        self._written: Any = None
        self._number = 0

    def open_writer(self, schema: Any) -> Any:
        """Returns PyArrow's writer for a schema."""
        raise NotImplementedError

    def write(self, cells: Any, prediction: Prediction) -> None:
        self._rows.append({**cells, **named(flat(prediction))})
        if len(self._rows) == ROWS_WRITTEN:
            self._flush()

    def close(self) -> None:
        self._flush()
        if self._written is not None:
            self._written.close()

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._rows:
            return
        if self._written is None:
            self._schema = self._schema_of(self._rows)
            self._written = self.open_writer(self._schema)
        try:
            table = pa.Table.from_pylist([_storable(row) for row in self._rows], self._schema)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise DataError(
                f"The rows from {self._number + 1:,} on do not fit into columns with one type each: {error}. Write to "
                "a file that ends in .jsonl."
            ) from None
        self._written.write_table(table)
        self._number += len(self._rows)
        self._rows = []

    def _schema_of(self, rows: list[dict[str, Any]]) -> Any:
        import pyarrow as pa

        known = {field.name: field for field in self._schema or ()}
        names = dict.fromkeys(name for row in rows for name in row)
        try:
            found = pa.Table.from_pylist([_storable(row) for row in rows], None).schema
        except (pa.ArrowInvalid, pa.ArrowTypeError):  # Some columns of JSON have several types.
            found = pa.schema([_field(name, rows) for name in names])
        fields = {field.name: field for field in found}
        # A column without values yet may get texts.
        texts = {name: pa.field(name, pa.string()) for name in names}
        usable = {name: field for name, field in fields.items() if not pa.types.is_null(field.type)}
        kept = {name: field for name, field in known.items() if not name.startswith("predicted_")}
        return pa.schema([{**texts, **usable, **kept}[name] for name in names])


def _field(name: str, rows: list[dict[str, Any]]) -> Any:
    import pyarrow as pa

    try:
        return pa.field(name, pa.array([_storable(row).get(name) for row in rows]).type)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        raise DataError(
            f"The column {name!r} has values of several types, such as texts and numbers. Write to a file that ends in "
            ".jsonl."
        ) from None


def _storable(row: dict[str, Any]) -> dict[str, Any]:
    """Returns a row without bytes that are not UTF-8, which Arrow's texts cannot contain."""
    return {name: valid_unicode(value) if isinstance(value, str) else value for name, value in row.items()}
