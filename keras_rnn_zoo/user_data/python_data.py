"""Data that Python programs hold: recognizes tables, arrays and datasets, and divides them into splits."""

import csv
import io
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.user_data.python_pairs import Pairs, as_pairs
from keras_rnn_zoo.user_data.python_tables import PythonTable, is_hugging_face, python_table, title_of
from keras_rnn_zoo.user_data.split_folders import name_of_split

logger = logging.getLogger(__name__)

KINDS = (
    "a table of pandas, Polars or PyArrow, a dict of columns, a tuple (x, y) of lists or arrays, a tf.data.Dataset of "
    "(input, target), a datasets.Dataset, or a dict with such data for train, validation and test"
)
"""What `zoo.train` takes as data, for messages."""
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class PythonData:
    """Data in memory, recognized and divided into splits.

    Attributes:
        title: the type of the object, such as "pandas.DataFrame", for messages and the run's configuration.
        splits: the data of `"train"` and of `"validation"` and `"test"` if the user divided it.
        sampling_rate: the sample rate of arrays that are recordings, in Hz; 0 if there are none.
    """

    title: str
    splits: Mapping[str, PythonTable | Pairs]
    sampling_rate: int = 0

    @property
    def name(self) -> str:
        """The name of the dataset, such as "memory:pandas.DataFrame"."""
        return f"memory:{self.title}"

    @property
    def main(self) -> PythonTable | Pairs:
        """The data of the training split, or all data if it is not divided."""
        return self.splits["train"]

    @property
    def table(self) -> PythonTable:
        """The data of the training split if it is a table; see `as_tables`."""
        if isinstance(self.main, Pairs):
            raise TypeError("Inputs and targets are no table.")
        return self.main

    def as_tables(self, task: str, kind: str) -> "PythonData":
        """Returns the data as tables, with usual names for the columns of a kind of input and targets for a task."""
        tables = {
            split: data.table(task, kind) if isinstance(data, Pairs) else data for split, data in self.splits.items()
        }
        return replace(self, splits=tables)

    def parts(self) -> dict[str, "PythonData"]:
        """Returns the data of each split; empty if it is not divided."""
        if len(self.splits) == 1:
            return {}
        return {split: replace(self, splits={"train": data}) for split, data in self.splits.items()}


def bind_data(dataset: Any, options: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Joins the data that a Python program passes in several arguments, and converts options to text.

    Args:
        dataset: the argument `dataset` of `zoo.train`: a name, an address, a path, a `registry.Dataset` or data.
        options: the options, of which `validation` and `test` may be data, too, and `columns` a dict.

    Returns:
        The dataset, where data is a `PythonData` with all its splits, and the other options.

    Raises:
        DataError: the data is of no known kind.
        OptionError: data in memory and files are mixed.
    """
    unset = {name for name in (*SPLITS[1:], "columns") if options.get(name, "") is None}
    options = {name: value for name, value in options.items() if name not in unset}
    options |= {name: os.fspath(value) for name, value in options.items() if isinstance(value, os.PathLike)}
    if isinstance(options.get("columns"), Mapping):
        options["columns"] = columns_text(options["columns"])
    held_out = {name: options[name] for name in SPLITS[1:] if name in options}
    held_out = {name: data for name, data in held_out.items() if not isinstance(data, str) or data}
    in_memory = {name: data for name, data in held_out.items() if not isinstance(data, str)}
    if isinstance(dataset, os.PathLike):
        dataset = os.fspath(dataset)
    if dataset is None or isinstance(dataset, str | registry.Dataset):
        for name, data in in_memory.items():
            raise OptionError(
                f"Option {name!r} is data in memory, a {title_of(data)}, but the training data is not. Pass both in "
                "memory, or name files for both."
            )
        return dataset, options
    data = dataset if isinstance(dataset, PythonData) else python_data(dataset)
    for name, value in held_out.items():
        if name not in in_memory:
            raise OptionError(
                f"Option {name!r} expects data in memory, as the training data is; received {short_repr(value)}. Load "
                "the file, or name files for all splits."
            )
    splits = {**data.splits, **{name: python_data(value).main for name, value in in_memory.items()}}
    others = {name: value for name, value in options.items() if name not in SPLITS[1:]}
    return PythonData(data.title, splits), others


def columns_text(columns: Mapping[Any, Any]) -> str:
    """Returns the option `columns` as text, given as a dict such as `{"text": "review", "label": "stars"}`."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([f"{word}={column}" for word, column in columns.items()])
    return line.getvalue() if columns else ""


def python_data(data: Any) -> PythonData:
    """Recognizes an object as data.

    Raises:
        DataError: it is of no known kind, or not in memory.
    """
    if is_hugging_face(data, "IterableDataset", "IterableDatasetDict"):
        raise DataError(
            f"A {title_of(data)} is read from start to end only; training needs rows in any order. Load it without "
            "streaming=True."
        )
    divided = _divided(data)
    splits = {split: _part(part) for split, part in (divided or {"train": data}).items()}
    title = splits["train"].title if isinstance(data, tuple) or not divided else title_of(data)
    return PythonData(title, splits)


def _divided(data: Any) -> dict[str, Any]:
    """Returns the data of each split, or {} if it is not divided."""
    if isinstance(data, tuple) and len(data) == 2 and all(_is_pair(part) for part in data):
        return {"train": data[0], "test": data[1]}  # As the data sets of Keras.
    if not isinstance(data, Mapping):
        return {}
    names = {name: name_of_split(str(name)) for name in data}
    if not is_hugging_face(data, "DatasetDict") and not (
        data and all(names.values()) and all(_is_part(part) for part in data.values())
    ):
        return {}
    found: dict[str, Any] = {}
    for name, split in names.items():
        if split in found:
            raise DataError(f"{title_of(data)}: two of its splits, {', '.join(map(repr, data))}, are for {split}.")
        if split:
            found[split] = data[name]
    if "train" not in found:
        raise DataError(f"{title_of(data)} has no split 'train'; its splits: {', '.join(map(repr, data))}.")
    if unused := [name for name, split in names.items() if not split]:
        logger.info("Not used: the splits %s.", ", ".join(map(repr, unused)))
    return found


def _is_pair(data: Any) -> bool:
    return isinstance(data, tuple) and len(data) == 2


def _is_part(data: Any) -> bool:
    """Whether a value of a dict is the data of a split rather than a column."""
    return (
        isinstance(data, Mapping)
        or _is_pair(data)
        or hasattr(data, "columns")
        or hasattr(data, "element_spec")
        or (is_hugging_face(data, "Dataset"))
    )


def _part(data: Any) -> PythonTable | Pairs:
    part: PythonTable | Pairs | None = data if isinstance(data, PythonTable | Pairs) else as_pairs(data)
    part = part or python_table(data)
    if part is None:
        received = f"a {title_of(data)}" + (f", {short_repr(data)}" if isinstance(data, Sequence) else "")
        raise DataError(f"A dataset is expected: a name, the address of files, or {KINDS}; received {received}.")
    if isinstance(part, PythonTable) and not len(part):
        raise DataError(f"{part.title} has no rows. Pass data with rows.")
    return part
