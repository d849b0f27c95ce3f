"""The format `arrow`: the file and the stream format of Arrow IPC, also known as Feather."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.arrow_rows import ArrowRows, ArrowRowsFile, columns_of, pyarrow, translated
from keras_rnn_zoo.user_data.columnar import COLUMNAR_TASKS
from keras_rnn_zoo.user_data.columnar_inputs import columnar_inputs
from keras_rnn_zoo.user_data.rows import existing_file
from keras_rnn_zoo.user_data.step_inputs import text_steps
from keras_rnn_zoo.user_data.tables import table_dataset

FILE_MAGIC, STREAM_MAGIC = b"ARROW1", b"\xff\xff\xff\xff"
"""The first bytes of the file format, and of the stream format since version 0.15."""
SLICE = 1024
"""Maximum number of rows that are converted at once."""


class ArrowFile:
    """The record batches of a file, each read when it is needed.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ipc = pyarrow("pyarrow.ipc", f"Reading {path}")
        with open(path, "rb") as file:
            head = file.read(len(FILE_MAGIC))
        self.is_file = head == FILE_MAGIC
        if not self.is_file and not head.startswith(STREAM_MAGIC):
            raise DataError(
                f"{path} is not an Arrow file: it begins neither like the file format nor like the stream format of "
                "Arrow IPC. Name its format."
            )
        self._offsets: list[int] = []
        with translated(path):
            self.schema, self.sizes = self._file_sizes() if self.is_file else self._stream_sizes()

    def _mapped(self) -> Any:
        import pyarrow as pa

        return pa.memory_map(str(self.path))  # Of the pages that are mapped, only those with metadata are read.

    def _file_sizes(self) -> tuple[Any, list[int]]:
        with self._mapped() as file:
            schema = self._ipc.open_file(file).schema
            options = self._ipc.IpcReadOptions(included_fields=[0])
            reader = self._ipc.open_file(file, options=options)
            return schema, [reader.get_batch(index).num_rows for index in range(reader.num_record_batches)]

    def _stream_sizes(self) -> tuple[Any, list[int]]:
        """Returns the schema and the number of rows of each batch, and notes where each batch begins."""
        with self._mapped() as file:
            schema = self._ipc.open_stream(file).schema
            file.seek(0)
            sizes, has_dictionary = [], False
            while True:
                offset = file.tell()
                try:
                    message = self._ipc.read_message(file)
                except EOFError:
                    break
                has_dictionary = has_dictionary or message.type == "dictionary"
                if message.type == "record batch" and not has_dictionary:
                    self._offsets.append(offset)
                    sizes.append(self._ipc.read_record_batch(message, schema).num_rows)
            if has_dictionary:  # A batch then depends on earlier messages, so that all are read as one group.
                self._offsets = []
                file.seek(0)
                sizes = [sum(batch.num_rows for batch in self._ipc.open_stream(file))]
        return schema, sizes

    def batches(self, group: int, columns: Sequence[str]) -> Iterator[Any]:
        """Yields the record batches of a group, with the columns of these names."""
        import pyarrow as pa

        # Without a memory map, whose pages would count as memory of this process.
        with pa.OSFile(str(self.path)) as file:
            if self.is_file:
                included = sorted(self.schema.get_field_index(name) for name in columns)
                options = self._ipc.IpcReadOptions(included_fields=included)
                yield self._ipc.open_file(file, options=options).get_batch(group)
            elif self._offsets:
                file.seek(self._offsets[group])
                yield self._ipc.read_record_batch(self._ipc.read_message(file), self.schema)
            else:
                yield from self._ipc.open_stream(file)


class ArrowTable(ArrowRows):
    """An Arrow file or stream, or several with the same columns."""

    def open(self, location: str) -> Mapping[str, tuple[str, ...]]:
        self.files = [ArrowFile(existing_file(location))]
        self.schema = self.files[0].schema
        return columns_of(self.schema, self.files[0].path)

    def paths(self) -> list[Path]:
        return [file.path for file in self.files]

    def group_sizes(self) -> Sequence[int]:
        return [size for file in self.files for size in file.sizes]

    def read_batches(self, group: int, columns: Sequence[str], skip: int) -> Iterator[Any]:
        file = next(iter(self.files))
        for file in self.files:
            if group < len(file.sizes):
                break
            group -= len(file.sizes)
        for batch in file.batches(group, columns):
            for name in columns:
                _check(batch.column(name))
            for start in range(skip, batch.num_rows, SLICE):
                yield batch.slice(start, SLICE)
            skip = max(0, skip - batch.num_rows)


def _check(array: Any) -> None:
    """Raises an error of PyArrow unless the offsets and lengths in a column are valid; reading it would crash.

    Bytes that are not UTF-8 are a fault of their row, not of the file.
    """
    import pyarrow as pa

    binary = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}.get(array.type)
    (array.view(binary) if binary else array).validate(full=True)


class ArrowFileRows(ArrowRowsFile):
    """A file in the file format of Arrow IPC, with predictions."""

    def open_writer(self, schema: Any) -> Any:
        return pyarrow("pyarrow.ipc", "Writing Arrow").new_file(self._file, schema)


@registry.file_format(
    "arrow",
    order=3.2,
    tasks=COLUMNAR_TASKS,
    address="arrow:FILE",
    endings=("arrow", "feather", "ipc"),
    inputs=("text", "window"),
    column_names="table",
    joins_files=True,
    predict=functools.partial(columnar_inputs, ArrowTable),
    predict_steps=functools.partial(text_steps, ArrowTable),
    write=ArrowFileRows,
)
def arrow(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """An Arrow or Feather file, of any size; needs the extra `parquet`."""
    return table_dataset("arrow", ArrowTable, location, tasks, options, config)
