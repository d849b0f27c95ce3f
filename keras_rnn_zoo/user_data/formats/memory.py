"""The format `memory`: data that a Python program holds, such as a DataFrame."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.display.printing import alternatives, quantity
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.columnar import COLUMNAR_TASKS
from keras_rnn_zoo.user_data.columns import ColumnError, files_of, guess, parse_columns, usual_columns
from keras_rnn_zoo.user_data.dataset import dataset_from_files
from keras_rnn_zoo.user_data.memory_arrays import MemoryArrays
from keras_rnn_zoo.user_data.memory_images import MemoryImages
from keras_rnn_zoo.user_data.memory_recordings import MemoryRecordings
from keras_rnn_zoo.user_data.memory_table import MemoryTable, MemoryText
from keras_rnn_zoo.user_data.python_data import PythonData, python_data
from keras_rnn_zoo.user_data.python_messages import about_memory
from keras_rnn_zoo.user_data.python_pairs import ARRAYS, Pairs, kind_of
from keras_rnn_zoo.user_data.python_tables import PythonTable
from keras_rnn_zoo.user_data.recordings import recording_options
from keras_rnn_zoo.user_data.rows import RowSource
from keras_rnn_zoo.user_data.step_arrays import has_step_targets
from keras_rnn_zoo.user_data.step_columns import is_step_table, without_steps
from keras_rnn_zoo.user_data.step_dataset import array_steps, table_steps
from keras_rnn_zoo.user_data.step_recordings import MemoryRecorded
from keras_rnn_zoo.user_data.text_corpus import text_dataset
from keras_rnn_zoo.user_data.time_columns import is_time_table
from keras_rnn_zoo.user_data.time_series import time_series_dataset
from keras_rnn_zoo.user_data.typed_values import value_at


class _Kind(NamedTuple):
    """A kind of input in memory: the class that reads it, and the tasks that it can be for."""

    reads: type[RowSource] | None
    tasks: tuple[str, ...]
    words: str


_KINDS = {
    "text": _Kind(MemoryTable, ("classification", "regression", "translation"), "texts"),
    "corpus": _Kind(None, ("language_modeling",), "texts without targets"),
    "tokens": _Kind(MemoryTable, ("tagging",), "lists of texts"),
    "image": _Kind(MemoryImages, ("classification", "captioning", "transcription"), "images"),
    "audio": _Kind(MemoryRecordings, ("classification", "transcription"), "recordings"),
    "series": _Kind(MemoryArrays, ("classification", "regression", "transcription"), "series of numbers"),
}


@registry.file_format(
    "memory",
    order=20,
    tasks=(*COLUMNAR_TASKS, "language_modeling", "captioning", "transcription"),
    column_names="table",
    listed=False,  # It has no addresses.
    move=None,
)
def memory(location: Any, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """Data of a Python program: a table, a dict of columns, lists, arrays, or a dataset of another library."""
    if isinstance(location, str):
        raise _missing(location, config)
    found = about_memory(_dataset)(location, tasks, options, config)
    return dataclasses.replace(found, make=about_memory(found.make))


def _dataset(
    location: Any, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None
) -> registry.Dataset:
    data = location if isinstance(location, PythonData) else python_data(location)
    if has_steps(data, tasks, options):
        if _holds_recordings(data, options, config):
            return array_steps("memory", MemoryRecorded, data, tasks, options, config)
        if _holds_series(data, options):
            return array_steps("memory", MemoryArrays, data, tasks, options, config)
        return table_steps("memory", MemoryTable, data, tasks, options, config)
    tasks = without_steps(tasks)
    if is_time_table(options, tasks) and isinstance(data.main, PythonTable):
        return _over_time(data, data.main, options, config)
    given = parse_columns(str(options.get("columns", "")), usual_columns())
    kind = data.main.kind if isinstance(data.main, Pairs) else _kind_of_table(data.main, given, tasks)
    rate = options.get("sampling_rate") or (config.dataset.options.get("sampling_rate", 0) if config else 0)
    if kind == "series" and rate:
        kind = "audio"
    if kind not in _KINDS:
        raise DataError(
            f"{data.title}: each input must be a text, a list of tokens, numbers of the shape (steps,) or (steps, "
            "features), an image, uint8 (height, width[, channels]), or a recording. Convert the inputs."
        )
    supported = tuple(task for task in tasks if task in _KINDS[kind].tasks)
    if not supported:
        raise DataError(
            f"{data.title} has {_KINDS[kind].words} as inputs, which are for {alternatives(_KINDS[kind].tasks)}, not "
            f"for {alternatives(tasks)}. Name another architecture, or convert the inputs."
        )
    reads = _KINDS[kind].reads
    if reads is not MemoryArrays:
        data = data.as_tables(supported[0], kind)
    if reads is None:
        return _text(data, given, options)
    more = (recording_options,) if kind == "audio" else ()
    data = dataclasses.replace(data, sampling_rate=rate) if kind == "audio" else data
    return dataset_from_files("memory", reads, data, supported, options, config, *more)  # type: ignore[arg-type]


def _over_time(
    data: PythonData, table: PythonTable, options: Mapping[str, Any], config: RunConfig | None
) -> registry.Dataset:
    try:
        return time_series_dataset("memory", MemoryTable, data, options, config)
    except ColumnError as error:
        if not table.has_time_index:
            raise
        raise ColumnError(f"{error} The index is not read: pass data.reset_index().") from None


def has_steps(data: PythonData, tasks: Sequence[str], options: Mapping[str, Any]) -> bool:
    """Whether data has a target for each step; arguments as for `is_step_table`."""
    if _holds_recordings(data, options, None):
        return has_step_targets(MemoryRecorded, data, tasks, options)
    if isinstance(data.main, Pairs) or _holds_series(data, options):
        kind = data.main.kind if isinstance(data.main, Pairs) else "series"
        return kind == "series" and has_step_targets(MemoryArrays, data, tasks, options)
    return is_step_table(options, tasks)


def _holds_recordings(data: PythonData, options: Mapping[str, Any], config: RunConfig | None) -> bool:
    """Whether inputs with their targets are recordings, which have a sample rate, or for which one is named."""
    if not isinstance(data.main, Pairs):
        return False
    rate = options.get("sampling_rate") or (config.dataset.options.get("sampling_rate") if config else 0)
    return data.main.kind == "audio" or (data.main.kind == "series" and bool(rate))


def _holds_series(data: PythonData, options: Mapping[str, Any]) -> bool:
    """Whether each input of data is a series, rather than a number in a row for each step."""
    if isinstance(data.main, Pairs):
        return True
    given = parse_columns(str(options.get("columns") or ""), usual_columns())
    names = list(data.main.fields)
    path = data.main.fields.get(given.get("input") or guess("input", names))
    return path is not None and kind_of(value_at(data.main.first_value(path[0]), path[1:])) == "series"


def _missing(title: str, config: RunConfig | None) -> DataError:
    if config is None:
        return DataError(
            f"Data in memory cannot be named by an address, {'memory:' + title!r}. Pass it in Python: zoo.train(..., "
            "dataset=data)."
        )
    recorded = config.dataset.recorded
    rows = f" with {quantity(sum(recorded.rows.values()), 'row')}" if recorded else ""
    data = title if title == ARRAYS else f"a {title}"
    return DataError(
        f"The run {config.run!r} was trained on data in memory, {data}{rows}, which it does not contain. Pass the "
        f"same data again in Python: zoo.evaluate({config.run!r}, dataset=data), or zoo.train(..., dataset=data, "
        "resume=True)."
    )


def _kind_of_table(table: PythonTable, given: Mapping[str, str], tasks: tuple[str, ...]) -> str:
    """Returns the kind of input that a table holds, by the words that the user named, the columns, and their values."""
    names = list(table.fields)
    if "tagging" in tasks:
        named = {"tokens", "tags"} & given.keys() or (guess("tokens", names) and guess("tags", names, "tagging"))
        if named or "language_modeling" not in tasks:
            return "tokens"
    if "language_modeling" in tasks:
        return "corpus"
    targets = {files_of(task).target for task in tasks}
    words = [word for word in ("text", "source", "series", "image", "audio") if word in given and word not in targets]
    for word in words or ("text", "series", "image", "audio"):
        column = given.get(word) or guess(word, names)
        path = table.fields.get(column)
        kind = kind_of(value_at(table.first_value(path[0]), path[1:])) if path else ""
        if kind in ("series", "image", "audio"):
            return kind
    return "text"


def _column_options(*, columns: str = "") -> None:
    """The option of a single text in memory, in addition to those of all texts.

    Args:
        columns: which column holds the text, such as text=review; guessed from usual names if empty.
    """


def _text(data: PythonData, given: Mapping[str, str], options: Mapping[str, Any]) -> registry.Dataset:
    def texts(encoding: str, _: Mapping[str, str]) -> dict[str, MemoryText]:
        parts = {"train": data} | data.parts()
        return {split: MemoryText(part, given, encoding) for split, part in parts.items()}

    texts(str(options.get("encoding", "")), {})  # Reports a column that does not exist.
    return text_dataset(data.name, texts, _column_options)
