"""The format `parquet`: columns in groups of rows, which are read one after another."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.arrow_rows import ArrowRows, ArrowRowsFile, columns_of, pyarrow, translated
from keras_rnn_zoo.user_data.columnar import COLUMNAR_TASKS
from keras_rnn_zoo.user_data.columnar_inputs import columnar_inputs
from keras_rnn_zoo.user_data.rows import existing_file
from keras_rnn_zoo.user_data.step_inputs import text_steps
from keras_rnn_zoo.user_data.tables import table_dataset

MAX_VALUE = 2**26
"""Maximum mean size of a column's values, in bytes, as for lines of text: an image or a text is smaller."""
BATCH_BYTES, MAX_BATCH = 2**23, 1024
"""Size of a batch of rows in bytes, estimated from the file's metadata, and its maximum number of rows."""
MAGIC = b"PAR1"


class _Plan(NamedTuple):
    """How columns of a row group are read.

    Attributes:
        size: number of rows in a batch.
        dictionaries: the columns that are read as indices of a dictionary.
    """

    size: int
    dictionaries: list[str]


class ParquetTable(ArrowRows):
    """A Parquet file."""

    def open(self, location: str) -> Mapping[str, tuple[str, ...]]:
        self.path = existing_file(location)
        parquet = pyarrow("pyarrow.parquet", f"Reading {self.path}")
        with open(self.path, "rb") as file:
            if file.read(4) != MAGIC:
                raise DataError(f"{self.path} is not a Parquet file: it does not begin with PAR1. Name its format.")
        self._plans: dict[tuple[int, tuple[str, ...]], _Plan] = {}
        with translated(self.path):
            with parquet.ParquetFile(self.path) as opened:
                self._metadata, self.schema = opened.metadata, opened.schema_arrow
            self._opened = functools.partial(
                parquet.ParquetFile, self.path, metadata=self._metadata, pre_buffer=False, buffer_size=2**16
            )
        return columns_of(self.schema, self.path)

    def paths(self) -> list[Path]:
        return [self.path]

    def group_sizes(self) -> Sequence[int]:
        return [self._metadata.row_group(group).num_rows for group in range(self._metadata.num_row_groups)]

    def read_batches(self, group: int, columns: Sequence[str], skip: int) -> Iterator[Any]:
        plan = self._plan(group, tuple(columns))
        with self._opened(read_dictionary=plan.dictionaries) as file:
            for batch in file.iter_batches(plan.size, [group], list(columns), use_threads=False):
                if skip < batch.num_rows:
                    yield batch.slice(skip)
                skip = max(0, skip - batch.num_rows)

    def _plan(self, group: int, columns: tuple[str, ...]) -> _Plan:
        """Returns how to read columns of a row group, so that a batch takes little memory."""
        if (group, columns) in self._plans:
            return self._plans[group, columns]
        with self._opened() as file:
            # PyArrow ends the process when the metadata of a damaged chunk is looked at, but reports it when reading.
            next(file.iter_batches(1, [group], list(columns), use_threads=False), None)
        metadata = self._metadata.row_group(group)
        chunks = [
            metadata.column(index)
            for index in range(metadata.num_columns)
            if self._metadata.schema.column(index).path.partition(".")[0] in columns
        ]
        dictionaries, row_bytes = [], 0
        for chunk in chunks:
            mean = chunk.total_uncompressed_size // max(metadata.num_rows, 1)
            if mean > MAX_VALUE:
                raise DataError(
                    f"{self.path}, column {chunk.path_in_schema!r}: its values have a mean size of {mean:,} bytes; up "
                    f"to {MAX_VALUE:,} are supported. Remove the column."
                )
            row_bytes += max(mean, 1)
            if chunk.physical_type == "BYTE_ARRAY" and any("DICTIONARY" in name for name in chunk.encodings):
                dictionaries.append(chunk.path_in_schema)
        plan = _Plan(min(MAX_BATCH, max(1, BATCH_BYTES // max(row_bytes, 1))), dictionaries)
        self._plans[group, columns] = plan
        return plan


class ParquetRows(ArrowRowsFile):
    """A Parquet file with predictions."""

    def open_writer(self, schema: Any) -> Any:
        return pyarrow("pyarrow.parquet", "Writing Parquet").ParquetWriter(self._file, schema)


@registry.file_format(
    "parquet",
    order=3.1,
    tasks=COLUMNAR_TASKS,
    address="parquet:FILE",
    endings=("parquet", "pq"),
    inputs=("text", "window"),
    column_names="table",
    joins_files=True,
    predict=functools.partial(columnar_inputs, ParquetTable),
    predict_steps=functools.partial(text_steps, ParquetTable),
    write=ParquetRows,
)
def parquet(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """A Parquet file, of any size; needs the extra `parquet`."""
    return table_dataset("parquet", ParquetTable, location, tasks, options, config)
