"""Rows as a `tf.data.Dataset`, read and checked as they are needed."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from keras_rnn_zoo.artifacts.run_config import SplitConfig
from keras_rnn_zoo.datasets.examples import SplitPart, held_in_memory, one_target_each
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.readers._chunks import attach_chunks
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource
from keras_rnn_zoo.user_data.splitting import split_of
from keras_rnn_zoo.user_data.validation_pass import checked_rows


class Selection(NamedTuple):
    """Which rows of files are read.

    Attributes:
        name: name of the split.
        split: determines the split of a row; `None` if all rows belong to this split.
        classes: names of the classes, in the order of their indices.
        left_out: locations of rows that the validation pass found unusable.
    """

    name: str
    split: SplitConfig | None
    classes: tuple[str, ...]
    left_out: frozenset[str] = frozenset()

    @property
    def shuffle_seed(self) -> int | None:
        """The seed of the order; `None` for that of the files."""
        return self.split.seed if self.name == "train" and self.split else None


def selected(files: RowSource, rows: Iterator[Row | BadRow], selection: Selection) -> Iterator[tuple[Row, Any] | None]:
    """Yields each row that is selected, with its target: a number, a text, or the index of a class; `None` for others.

    Args:
        files: the files.
        rows: their rows, or some of them.
        selection: which rows are selected.
    """
    indices = {label: index for index, label in enumerate(selection.classes)}
    one_class = files.task_files.classes == "one"
    name, split, left_out = selection.name, selection.split, selection.left_out
    for row in checked_rows(files, rows, selection.classes):
        if isinstance(row, BadRow) or row.where in left_out:
            yield None
            continue
        is_member = not split or split_of(files.key(row), _stratum(files, row), split) == name
        yield (row, indices[row.target] if one_class else row.target) if is_member else None


def stream(files: RowSource, selection: Selection, count: int, part: SplitPart | None = None) -> Any:
    """Returns the rows of a split as a `tf.data.Dataset` of `(raw, target)`, read as they are needed.

    The training split is shuffled with the seed of the split, because files may be sorted by class. The order is the
    same each time.

    Args:
        files: the files.
        selection: which rows belong to the split.
        count: number of rows of the split.
        part: which part of the rows to return, in the order of the files; by default, all.
    """

    def chosen() -> Iterator[tuple[Row, Any]]:
        if part:
            rows = rows_of_part(files, part)
        elif selection.shuffle_seed is None:
            rows = files.rows()
        else:
            rows = files.mixed_rows(selection.shuffle_seed)
        return filter(None, selected(files, rows, selection))

    def examples() -> Iterator[tuple[Any, Any]]:
        if not part and (found := files.part_examples(selection)) is not None:
            return filter(None, found)
        return ((files.load(row), target) for row, target in chosen())

    data = _as_dataset(examples, files, tf.data.UNKNOWN_CARDINALITY if part else count)
    if not part and (chunks := files.part_chunks(selection)) is not None:
        attach_chunks(data, chunks)
    if selection.name != "train" or not files.task_files.references:
        return data
    if part:
        return one_target_each(data)
    captions = sum(len(texts) for _, texts in chosen())
    return one_target_each(data).apply(tf.data.experimental.assert_cardinality(captions))


def rows_of_part(files: RowSource, part: SplitPart) -> Iterator[Row | BadRow]:
    """Yields a part of the rows of files: successive blocks, if they can be read in any order; else every n-th row."""
    blocks = files.blocks()
    if blocks is None or blocks.number < part.number:
        return itertools.islice(files.rows(), part.place, None, part.number)
    begin, end = (blocks.number * place // part.number for place in (part.place, part.place + 1))
    return itertools.chain.from_iterable(map(blocks.read, range(begin, end)))


def _stratum(files: RowSource, row: Row) -> str:
    return row.target if files.task_files.classes == "one" else ""


def _as_dataset(examples: Callable[[], Iterator[tuple[Any, Any]]], files: RowSource, count: int) -> Any:
    task_files, raw = files.task_files, files.raw_spec()
    several = [len(files.target_columns)] if files.target_columns else []
    target = tf.TensorSpec([None] if task_files.references else several, task_files.dtype)
    if raw.dtype == tf.string and not task_files.references:
        if (held := held_in_memory(examples(), target.dtype)) is not None:
            return held

        # Passing each row to TensorFlow separately would take longer than reading it.
        def chunks() -> Iterator[tuple[list[Any], list[Any]]]:
            rows = examples()
            while chunk := list(itertools.islice(rows, files.chunk)):
                raws, targets = zip(*chunk, strict=True)
                yield list(raws), list(targets)

        spec = (tf.TensorSpec([None], tf.string), tf.TensorSpec([None, *several], target.dtype))
        data = tf.data.Dataset.from_generator(chunks, output_signature=spec).unbatch()
    else:
        data = tf.data.Dataset.from_generator(examples, output_signature=(raw, target))
    return data if count < 0 else data.apply(tf.data.experimental.assert_cardinality(count))
