"""The base class of columnar data: rows of typed values in named columns, read in order or in shuffled blocks."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from keras_rnn_zoo.datasets._tagged import tagging_defaults
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.blocks import BLOCK_SIZE, BLOCKS, Blocks, mixed_blocks
from keras_rnn_zoo.user_data.columns import are_measured, choose_task, find_columns, resolve, words_of
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource, sampled
from keras_rnn_zoo.user_data.table import MAX_COLUMNS, TASKS, TYPE_SAMPLE
from keras_rnn_zoo.user_data.text_defaults import text_defaults
from keras_rnn_zoo.user_data.textfile import check_text
from keras_rnn_zoo.user_data.typed_values import is_midnight, is_missing, text_of, texts_of, value_at

COLUMNAR_TASKS = (*TASKS, "tagging")
"""The tasks that columnar rows can be for, the most likely first. Tagging needs a list of tokens and one of tags."""


class Columnar(RowSource):
    """Rows of named columns of typed values, such as a Parquet file or a DataFrame; see `RowSource`.

    A value is a text, bytes, a number, a boolean, a date, a list (of tokens or tags), or missing (`None`, NaN). Values
    of nested columns are named by a dotted path, such as `review.text`. Values become the texts that a CSV file of the
    same table would contain, and rows are shuffled in the same blocks. So the same rows in the same order give the same
    classes, splits and batches, whatever the format.

    A subclass opens the data in `open` and yields its values in `batches`. It also defines `paths`, or `named` and
    `checksum` if there are no files.

    Args:
        words: the words of the option `columns` whose columns are read; by default, those of the task.
    """

    def __init__(
        self,
        location: Any,
        tasks: tuple[str, ...],
        given: Mapping[str, str],
        encoding: str,
        words: tuple[str, ...] | None = None,
    ) -> None:
        self.encoding = encoding or "utf-8"
        self.fields = self.open(location)
        self.present = list(self.fields)
        source = self.named()[0]
        if not self.present:
            raise DataError(f"{source} has no columns. Name data with columns and rows.")
        if len(self.present) > MAX_COLUMNS:
            raise DataError(
                f"{source} has {len(self.present):,} columns; up to {MAX_COLUMNS:,} are supported. Remove those that "
                "are not needed."
            )
        self.task = tasks[0] if words is not None else choose_task(tasks, given, self.present, self._measured)
        words = words_of(self.task, self.input) if words is None else words
        self.columns = resolve(words, given, self.present, source, self.task)
        parts = [find_columns(self.columns[word], self.present, source) for word in words]
        self.target_columns = parts[-1] if len(parts) > 1 and len(parts[-1]) > 1 else ()
        self._read = tuple(column for columns in parts for column in columns)
        self._count: int | None = None
        self._dates: dict[str, bool] = {}

    def open(self, location: Any) -> Mapping[str, tuple[str, ...]]:
        """Opens the data without reading its rows.

        Returns:
            For the name of each column, the keys that lead to its values, as returned by `field_paths`: those of the
            nested column `review.text` are `("review", "text")`.
        """
        raise NotImplementedError

    def batches(self, columns: Sequence[str], start: int = 0) -> Iterator[Sequence[Sequence[Any]]]:
        """Yields the values of columns from a row on, in batches of any size that follow one another.

        Training reads blocks of rows in random order by `start`, which should therefore be fast.

        Args:
            columns: names of the columns, without the keys of nested ones. Others need not be read.
            start: number of rows to skip.

        Yields:
            For each column, the values of the next rows; those of a nested column are dicts.
        """
        raise NotImplementedError

    def count(self) -> int:
        """Returns the number of rows. By default, they are read once."""
        return sum(len(batch[0]) for batch in self.batches([self.fields[self._read[0]][0]]))

    def block_starts(self, count: int) -> Sequence[int]:
        """Returns the indices at which blocks of rows begin, given the number of rows.

        Blocks of other sizes than these suit data that is stored in large groups of rows, but then shuffle rows in
        another order than a CSV file with the same rows.
        """
        return range(0, count + 1, BLOCK_SIZE)

    blocks_together = BLOCKS
    """Number of blocks that are shuffled together, and are in memory at the same time."""

    def where(self, index: int) -> str:
        """Returns the location of a row, given its index from 0, for messages: by default, "row 1" for the first."""
        return f"row {index + 1}"

    def records(self, columns: Sequence[str], start: int = 0) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Yields the index and the values of each row from the row `start` on.

        Args:
            columns: names of the columns to read, as in `present`.
            start: number of rows to skip.
        """
        paths = [self.fields[column] for column in columns]
        names = list(dict.fromkeys(path[0] for path in paths))
        index = start
        for batch in self.batches(names, start):
            values = dict(zip(names, batch, strict=True))
            read = [
                values[path[0]] if len(path) == 1 else [value_at(value, path[1:]) for value in values[path[0]]]
                for path in paths
            ]
            for record in zip(*read, strict=True):
                yield index, record
                index += 1

    def _measured(self, column: str) -> bool:
        records = itertools.islice(self.records([column]), TYPE_SAMPLE)
        texts = (text_of(record[0], self.encoding) for _, record in records)
        return are_measured("not a number" if text is None else text for text in texts)

    def rows(self) -> Iterator[Row | BadRow]:
        count = 0
        for index, record in self.records(self._read):
            count += 1
            if row := self._row(index, record):
                yield row
        self._count = count

    def blocks(self) -> Blocks | None:
        if self._count is None:
            self._count = self.count()
        starts = self.block_starts(self._count)

        def block(number: int) -> list[Row | BadRow]:
            end = starts[number + 1] if number + 1 < len(starts) else self._count
            records = itertools.islice(self.records(self._read, starts[number]), (end or 0) - starts[number])
            rows = (self._row(index, record) for index, record in records)
            return [row for row in rows if row]

        return Blocks(len(starts), block, self.blocks_together)

    def mixed_rows(self, seed: int) -> Iterator[Row | BadRow]:
        blocks = self.blocks()
        return mixed_blocks(blocks.number, blocks.read, seed, blocks.together) if blocks else self.rows()

    def _row(self, index: int, record: Sequence[Any]) -> Row | BadRow | None:
        """Returns the row of a record, or `None` if all its columns are empty, as in the rows below an Excel table."""
        if is_blank_value(record[0]) and all(map(is_blank_value, record)) and self.is_blank(index):
            return None
        return self.row_of(self.where(index), record)

    def is_blank(self, index: int) -> bool:
        """Whether all columns of a row are empty, given that those that are read are."""
        _, record = next(self.records(self.present, index))
        return all(is_blank_value(value) for value in record)

    def row_of(self, where: str, record: Sequence[Any]) -> Row | BadRow:
        """Converts the values of the columns that are read to a row with its input and target, or to a bad row.

        Args:
            where: location of the row.
            record: the values.
        """
        if self.task_files.classes == "several":
            return self._sentence(where, record)
        texts: list[str] = []
        for value, column in zip(record, self._read, strict=True):
            text = self.text(value, column)
            if text is None:
                kind = type(value).__name__
                return BadRow(where, column, value, f"a text or a number is expected; received the type {kind}")
            if texts and text in ("inf", "-inf") and not isinstance(value, str):
                return BadRow(where, column, value, "a finite number is expected")
            if bad := check_text(text, where, column, self.encoding):
                return bad
            texts.append(text)
        if self.target_columns:
            return Row(where, texts[0], tuple(texts[1:]))
        return Row(where, texts[0], texts[1] if len(texts) > 1 else "")

    def text(self, value: Any, column: str) -> str | None:
        """Returns a value of a column as the text in a CSV file of the same table; see `text_of`."""
        text = text_of(value, self.encoding)
        is_date = text is not None and is_midnight(value) and self._holds_dates(column)
        return text[: len("2024-01-01")] if text and is_date else text

    def _holds_dates(self, column: str) -> bool:
        """Whether all times in a column are at midnight, as those of a column of dates in pandas and Excel."""
        if column not in self._dates:
            values = (record[0] for _, record in self.records([column]))
            self._dates[column] = all(is_midnight(value) or is_missing(value) for value in values)
        return self._dates[column]

    def _sentence(self, where: str, record: Sequence[Any]) -> Row | BadRow:
        """Returns the row of a sentence, whose tokens and tags are joined by spaces as in CoNLL files."""
        lists: list[list[str]] = []
        for value, column in zip(record, self._read, strict=True):
            texts = texts_of(value, self.encoding)
            if texts is None:
                kind = type(value).__name__
                return BadRow(where, column, value, f"a list of texts is expected; received the type {kind}")
            if not texts or "" in texts:
                return BadRow(where, column, value, "a text is empty" if texts else "the list is empty")
            if bad := check_text(" ".join(texts), where, column, self.encoding):
                return bad
            lists.append(texts)
        if len(set(map(len, lists))) > 1:
            tokens, tags = map(len, lists)
            fault = f"{quantity(tokens, 'token')}, but {quantity(tags, 'tag')}: each token needs exactly one tag"
            return BadRow(where, self._read[1], record[1], fault)
        return Row(where, " ".join(lists[0]), " ".join(lists[1]) if len(lists) > 1 else "")

    def defaults(self) -> dict[str, Any]:
        read = (self._row(index, record) for index, record in self.records(self._read))
        rows = sampled(row for row in read if row)
        if self.task_files.classes == "several":
            return tagging_defaults(tag for row in rows for tag in row.target.split(" "))
        return text_defaults(self.task_files, [row.raw for row in rows], [row.target for row in rows])


def field_paths(fields: Iterable[tuple[str, ...]], source: object) -> dict[str, tuple[str, ...]]:
    """Returns the keys of columns by their names, which are joined by dots.

    Args:
        fields: the keys of each column: its name and, for a nested one, the names within it.
        source: what has the columns, for messages.

    Raises:
        DataError: two columns have the same name.
    """
    paths: dict[str, tuple[str, ...]] = {}
    for path in fields:
        name = ".".join(path).strip()
        if name and name in paths:
            raise DataError(f"{source}: two columns are named {name!r}. Rename one.")
        if name:
            paths[name] = path
    return paths


def is_blank_value(value: Any) -> bool:
    """Whether a value is missing, or an empty text or list."""
    if isinstance(value, str):
        return not value.strip()
    if getattr(value, "ndim", None) == 0:  # A NumPy array of a single value has no length.
        return is_missing(value.item() if hasattr(value, "item") else value)
    return is_missing(value) or (hasattr(value, "__len__") and not len(value))
