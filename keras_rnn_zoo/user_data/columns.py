"""Which column holds what: as the user says, or as columns are usually named."""

import csv
import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, OptionError, name_hint, nearest
from keras_rnn_zoo.printing import short_repr

LISTED = 10
"""Columns that a message lists."""


class ColumnError(DataError):
    """A column is not there, or none can be guessed."""


def files_of(task: str) -> registry.TaskFiles:
    """Returns how the examples of a task stand in files; of no task (""), as inputs alone."""
    return (registry.tasks.get(task).files if task else None) or registry.TaskFiles()


def words_of(task: str, input: str) -> tuple[str, ...]:
    """Returns the words for the columns of a task: that of the input and that of the target, if there is one."""
    files = files_of(task)
    return (files.source or input, files.target) if files.target else (files.source or input,)


def usual_columns() -> dict[str, str]:
    """Returns the names that the column for each word usually has, most likely first, with spaces between."""
    usual: dict[str, str] = {}
    for task in registry.tasks.entries():
        if task.files:
            usual |= {word: word for word in (task.files.source, task.files.target) if word and word not in usual}
            usual |= task.files.columns
    return usual | {reader.name: reader.columns for reader in registry.readers.entries() if reader.columns}


def parse_columns(text: str, words: Iterable[str]) -> dict[str, str]:
    """Returns the columns that the option `columns` gives, such as `text=review,label=stars`, by word."""
    known = sorted(set(words))
    columns: dict[str, str] = {}
    try:
        items = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:  # Of a line break outside of quotes, and of a name beyond all sizes.
        raise OptionError(
            f"Option 'columns' expects WORD=COLUMN, joined by commas; received {short_repr(text)}. Put a column whose "
            "name holds a comma or a line break in double quotes: '\"text=A, B\"'."
        ) from None
    for item in items:
        word, equals, column = (part.strip() for part in item.partition("="))
        if not equals or not column or word not in known:
            raise OptionError(
                f"Option 'columns' expects WORD=COLUMN, joined by commas, with the words {', '.join(known)}; received "
                f"{short_repr(item)}. {name_hint(word, known) if word not in known else 'Name the column.'}"
            )
        if word in columns:
            raise OptionError(
                f"Option 'columns' names two columns for {word!r}: {short_repr(columns[word])} and "
                f"{short_repr(column)}."
            )
        columns[word] = column
    return columns


def choose_task(
    tasks: Sequence[str], given: Mapping[str, str], present: Sequence[str], numbers: Callable[[str], bool]
) -> str:
    """Returns the task that files are for: by the words given, else by the names of the columns.

    Args:
        tasks: the tasks to choose from, the likeliest first.
        given: the columns that the user named, by word.
        present: the names of the columns that there are.
        numbers: tells of a column whether its values are measured: numbers with fractions, as `are_measured` has it.
    """
    by_target = {files_of(task).target: task for task in reversed(tasks)}
    for task in tasks:
        if files_of(task).target in given:
            return task
    if {"label", "value"} <= by_target.keys():
        label, value = guess("label", present), guess("value", present)
        if value and (not label or (label == value and numbers(value))):
            return by_target["value"]
    return tasks[0]


def are_measured(values: Iterable[Any]) -> bool:
    """Whether values are measured numbers rather than names of classes: all are numbers, and some have a fraction.

    Empty and missing ones (NaN) do not count.
    """
    fractions = False
    for value in values:
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            return False
        fractions = fractions or (math.isfinite(number) and not number.is_integer())
    return fractions


def is_header(fields: Sequence[str], given: Mapping[str, str]) -> bool:
    """Whether the first line of a table names its columns although the user named all columns by number.

    It does if its names are numbers, those among them, or 0, 1, 2 and so on, as pandas writes above columns without
    names; if a column is named 0, since columns without names count from 1; or if it has usual names at those numbers,
    such as "text,label".

    Args:
        fields: the fields of the first line.
        given: the columns that the user named, by word; none if they are to be guessed.
    """
    named = [field for field in fields if field]  # pandas leaves the name of an index empty.
    if not given or "0" in given.values():
        return True
    if len(set(named)) == len(named) > 1 and all(field.isdecimal() for field in named):
        return set(given.values()) <= set(named) or named == [str(number) for number in range(len(named))]
    cells = by_number(fields, given)
    usual = {name for names in usual_columns().values() for name in names.split()}
    others = [field for field in fields if field not in cells.values() and _folded(field) in usual]
    # One usual name alone may be a text as well.
    fitting = len(cells) == len(given) and all(guess(word, [cell]) for word, cell in cells.items())
    return fitting and (len(cells) > 1 or bool(others))


def by_number(fields: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Returns the fields at the numbers, from 1, that columns are named by; those that are there."""
    places = {word: int(column) for word, column in given.items() if column.isdecimal() and len(column) < 10}
    return {word: fields[place - 1] for word, place in places.items() if 1 <= place <= len(fields)}


def guess(word: str, present: Sequence[str], task: str = "") -> str:
    """Returns the column that is usually named so, or ""."""
    of_task = files_of(task)
    usual = of_task.columns[word] if word == of_task.target and word in of_task.columns else usual_columns()[word]
    folded = {_folded(name): name for name in reversed(present)}
    return next((folded[name] for name in usual.split() if name in folded), "")


def _folded(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


def resolve(
    words: Sequence[str], given: Mapping[str, str], present: Sequence[str], path: object, task: str = ""
) -> dict[str, str]:
    """Returns the column of each word.

    Raises:
        ColumnError: a column is not there, or none can be guessed.
    """
    columns: dict[str, str] = {}
    for word, column in given.items():
        if word not in words:
            raise OptionError(f"Option 'columns' names {word!r}; for {task} the words are {', '.join(words)}.")
        columns[word] = _find(column, present, path)
    for word in words:
        if word not in columns:
            left = [name for name in present if name and name not in columns.values()]
            missing = [other for other in words if other not in columns]
            found = guess(word, left, task) or (left[0] if len(left) == len(missing) == 1 else "")
            if not found:
                example = ",".join(f"{word}=NAME" for word in words)
                series = "If each row is a series of numbers, write them with numpy.savez and name npz:FILE. "
                raise ColumnError(
                    f"{path}: none of its columns ({listed(present)}) is named as one for {word!r} usually is. "
                    f"{series if word == 'text' and len(present) > LISTED else ''}Name the "
                    f"columns: --columns {example}; in a file without a header by number, such as {words[0]}=1."
                )
            columns[word] = found
    return columns


def _find(column: str, present: Sequence[str], path: object) -> str:
    """Returns the column that the user named; names may differ in their Unicode form."""
    if column in present:
        return column
    for name in present:
        if unicodedata.normalize("NFC", name) == unicodedata.normalize("NFC", column):
            return name
    close = nearest(column, present)
    hint = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
    raise ColumnError(f"{path} has no column {column!r}. {hint}Its columns: {listed(present)}.")


def listed(columns: Sequence[str]) -> str:
    """Returns names of columns as messages list them, the first ones where there are many."""
    more = f", and {len(columns) - LISTED:,} more" if len(columns) > LISTED else ""
    return ", ".join(map(repr, columns[:LISTED])) + more
