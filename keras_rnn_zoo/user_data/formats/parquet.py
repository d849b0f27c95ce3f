"""The format `parquet`: columns in groups of rows, which are read one after another."""

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
from keras_rnn_zoo.user_data.dataset import dataset_from_files
from keras_rnn_zoo.user_data.rows import existing_file

MAX_VALUE = 2**26
"""Maximum mean size of a column's values, in bytes, as for lines of text: an image or a text is smaller."""
BATCH_BYTES, MAX_BATCH = 2**23, 1024
"""Size of a batch of rows in bytes, estimated from the file's metadata, and its maximum number of rows."""
MAGIC = b"PAR1"


class ParquetTable(ArrowRows):
    """A Parquet file."""

    def open(self, location: str) -> Mapping[str, tuple[str, ...]]:
        self.path = existing_file(location)
        parquet = pyarrow("pyarrow.parquet", f"Reading {self.path}")
        with open(self.path, "rb") as file:
            if file.read(4) != MAGIC:
                raise DataError(f"{self.path} is not a Parquet file: it does not begin with PAR1. Name its format.")
        with translated(self.path):
            with parquet.ParquetFile(self.path) as file:
                self._metadata, self.schema = file.metadata, file.schema_arrow
            self._opened = functools.partial(
                parquet.ParquetFile,
                self.path,
                metadata=self._metadata,
                pre_buffer=False,
                buffer_size=2**16,
                read_dictionary=sorted(name for name, (_, is_encoded) in self._chunks().items() if is_encoded),
            )
        for name, (mean, _) in self._chunks().items():
            if mean > MAX_VALUE:
                raise DataError(
                    f"{self.path}, column {name!r}: its values have a mean size of {mean:,} bytes; up to {MAX_VALUE:,} "
                    "are supported. Remove the column."
                )
        return columns_of(self.schema, self.path)

    def _chunks(self) -> dict[str, tuple[int, bool]]:
        """Returns the largest mean size of values, and whether there is a dictionary, for each column."""
        chunks: dict[str, tuple[int, bool]] = {}
        for group in range(self._metadata.num_row_groups):
            for index in range(self._metadata.num_columns):
                chunk = self._metadata.row_group(group).column(index)
                mean, is_encoded = chunks.get(chunk.path_in_schema, (0, False))
                is_text = chunk.physical_type == "BYTE_ARRAY"
                chunks[chunk.path_in_schema] = (
                    max(mean, chunk.total_uncompressed_size // max(chunk.num_values, 1)),
                    is_encoded or (is_text and any("DICTIONARY" in name for name in chunk.encodings)),
                )
        return chunks

    def paths(self) -> list[Path]:
        return [self.path]

    def group_sizes(self) -> Sequence[int]:
        return [self._metadata.row_group(group).num_rows for group in range(self._metadata.num_row_groups)]

    def read_batches(self, group: int, columns: Sequence[str], skip: int) -> Iterator[Any]:
        chunks = [self._metadata.row_group(group).column(index) for index in range(self._metadata.num_columns)]
        read = [chunk for chunk in chunks if chunk.path_in_schema.partition(".")[0] in columns]
        row_bytes = sum(chunk.total_uncompressed_size for chunk in read) // max(read[0].num_values, 1) if read else 0
        size = min(MAX_BATCH, max(1, BATCH_BYTES // max(row_bytes, 1)))
        with self._opened() as file:
            for batch in file.iter_batches(size, [group], list(columns), use_threads=False):
                if skip < batch.num_rows:
                    yield batch.slice(skip)
                skip = max(0, skip - batch.num_rows)


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
    inputs=("text",),
    column_names="table",
    joins_files=True,
    predict=functools.partial(columnar_inputs, ParquetTable),
    write=ParquetRows,
)
def parquet(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """A Parquet file, of any size; needs the extra `parquet`."""
    return dataset_from_files("parquet", ParquetTable, location, tasks, options, config)
