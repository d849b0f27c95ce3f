"""Rows as a `tf.data.Dataset`, read and checked as they are needed."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from keras_rnn_zoo.artifacts.run_config import SplitConfig
from keras_rnn_zoo.datasets.examples import Share, held_in_memory, one_target_each
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource
from keras_rnn_zoo.user_data.splitting import split_of
from keras_rnn_zoo.user_data.validation_pass import checked_rows


def stream(
    files: RowSource,
    split: SplitConfig | None,
    name: str,
    classes: tuple[str, ...],
    count: int,
    left_out: frozenset[str],
    share: Share | None = None,
) -> Any:
    """Returns the rows of a split as a `tf.data.Dataset` of `(raw, target)`, read as they are needed.

    The training split is shuffled with the seed of the split, because files may be sorted by class. The order is the
    same each time.

    Args:
        files: the files.
        split: determines the split of a row; `None` if all rows belong to this split.
        name: name of the split.
        classes: names of the classes, in the order of their indices.
        count: number of rows of the split.
        left_out: locations of rows that the validation pass found unusable.
        share: which part of the rows to return, in the order of the files; by default, all.
    """
    indices = {label: index for index, label in enumerate(classes)}
    one_class = files.task_files.classes == "one"

    def selected() -> Iterator[tuple[Row, Any]]:
        if share:
            rows = rows_of_share(files, share)
        else:
            rows = files.mixed_rows(split.seed) if name == "train" and split else files.rows()
        for row in checked_rows(files, rows, classes):
            if isinstance(row, BadRow) or (split and split_of(files.key(row), _stratum(files, row), split) != name):
                continue
            if row.where not in left_out:
                yield row, indices[row.target] if one_class else row.target

    def examples() -> Iterator[tuple[Any, Any]]:
        return ((files.load(row), target) for row, target in selected())

    data = _as_dataset(examples, files, tf.data.UNKNOWN_CARDINALITY if share else count)
    if name != "train" or not files.task_files.references:
        return data
    if share:
        return one_target_each(data)
    captions = sum(len(texts) for _, texts in selected())
    return one_target_each(data).apply(tf.data.experimental.assert_cardinality(captions))


def rows_of_share(files: RowSource, share: Share) -> Iterator[Row | BadRow]:
    """Yields a part of the rows of files: successive blocks, if they can be read in any order; else every n-th row."""
    blocks = files.blocks()
    if blocks is None or blocks.number < share.number:
        return itertools.islice(files.rows(), share.place, None, share.number)
    begin, end = (blocks.number * place // share.number for place in (share.place, share.place + 1))
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
