"""The columns of a file: chosen by the user, or guessed from their names."""

import csv
import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.display.printing import alternatives, short_repr
from keras_rnn_zoo.errors import DataError, OptionError, name_hint, nearest

JOINT = "+"
"""Joins the names of several columns for one word, as in `value=temperature+humidity`."""
MAX_LISTED = 10
"""Maximum number of columns that a message lists."""


class ColumnError(DataError):
    """A column does not exist, or cannot be guessed.

    Attributes:
        word: the word of the option `columns` for a column that cannot be guessed, else "".
    """

    def __init__(self, message: str, word: str = "") -> None:
        super().__init__(message)
        self.word = word


def files_of(task: str) -> registry.TaskFiles:
    """Returns how files hold the examples of a task; for no task (""), only inputs."""
    return (registry.tasks.get(task).files if task else None) or registry.TaskFiles()


def words_of(task: str, input: str) -> tuple[str, ...]:
    """Returns the words by which the option `columns` names the columns of a task: input and, if any, target."""
    files = files_of(task)
    return (files.source or input, files.target) if files.target else (files.source or input,)


def usual_columns() -> dict[str, str]:
    """Returns the usual names of the column for each word, separated by spaces, most likely first."""
    usual: dict[str, str] = {}
    for task in registry.tasks.entries():
        if task.files:
            usual |= {word: word for word in (task.files.source, task.files.target) if word and word not in usual}
            usual |= task.files.columns
    return usual | {reader.name: reader.columns for reader in registry.readers.entries() if reader.columns}


def parse_columns(text: str, words: Iterable[str]) -> dict[str, str]:
    """Parses the option `columns`, such as `text=review,label=stars`; returns the columns by word."""
    accepted = sorted(set(words))
    columns: dict[str, str] = {}
    try:
        items = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:  # A line break outside of quotes, or an extremely long name.
        raise OptionError(
            f"Option 'columns' expects WORD=COLUMN, separated by commas; received {short_repr(text)}. Put a column "
            "whose name contains a comma or a line break in double quotes: '\"text=A, B\"'."
        ) from None
    for item in items:
        word, equals, column = (field.strip() for field in item.partition("="))
        if not equals or not column or word not in accepted:
            raise OptionError(
                f"Option 'columns' expects WORD=COLUMN, separated by commas; received {short_repr(item)}. "
                f"{_column_hint(word, accepted, is_part=not equals and len(items) > 1)}"
            )
        if word in columns:
            raise OptionError(
                f"Option 'columns' names two columns for {word!r}: {short_repr(columns[word])} and "
                f"{short_repr(column)}."
            )
        columns[word] = column
    return columns


def _column_hint(word: str, accepted: Sequence[str], *, is_part: bool) -> str:
    """Returns what to do about an item of the option `columns`, which may be part of a name that contains a comma."""
    if is_part:
        return "Put a column whose name contains a comma in double quotes: '\"text=A, B\",label=C'."
    return name_hint(word, accepted) if word not in accepted else "Name the column."


def choose_task(
    tasks: Sequence[str], given: Mapping[str, str], present: Sequence[str], numbers: Callable[[str], bool]
) -> str:
    """Chooses the task for files: by the words that the user named, or else by the names of the columns.

    Args:
        tasks: the tasks to choose from, the most likely first.
        given: the columns that the user named, by word.
        present: the names of the existing columns.
        numbers: function that returns whether the values of a column are measured numbers; see `are_measured`.
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
    """Whether values are measurements rather than names of classes: all are numbers, and some are not integers.

    Empty and missing values (NaN) are ignored.
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
    """Whether the first line of a table is a header, even though the user named all columns by number.

    It is if its fields are numbers and include the user's, or are 0, 1, 2, ..., as pandas writes for unnamed columns;
    if the user named a column 0, since unnamed columns are numbered from 1; or if its fields at these numbers are usual
    names of columns, such as "text,label".

    Args:
        fields: the fields of the first line.
        given: the columns that the user named, by word; empty if they should be guessed.
    """
    named = [field for field in fields if field]  # pandas writes an empty name for an index.
    if not given or "0" in given.values():
        return True
    if len(set(named)) == len(named) > 1 and all(field.isdecimal() for field in named):
        return set(given.values()) <= set(named) or named == [str(number) for number in range(len(named))]
    cells = by_number(fields, given)
    usual = {name for names in usual_columns().values() for name in names.split()}
    others = [field for field in fields if field not in cells.values() and _folded(field) in usual]
    # A single usual name may also be a text.
    fitting = len(cells) == len(given) and all(guess(word, [cell]) for word, cell in cells.items())
    return fitting and (len(cells) > 1 or bool(others))


def by_number(fields: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Returns the fields at the numbers (from 1) by which the user named columns, as far as they exist."""
    numbers = {word: int(column) for word, column in given.items() if column.isdecimal() and len(column) < 10}
    return {word: fields[number - 1] for word, number in numbers.items() if 1 <= number <= len(fields)}


def guess(word: str, present: Sequence[str], task: str = "") -> str:
    """Returns the column with the most likely of the usual names for a word, or ""."""
    of_task = files_of(task)
    usual = of_task.columns[word] if word == of_task.target and word in of_task.columns else usual_columns()[word]
    folded = {_folded(name): name for name in reversed(present)}
    return next((folded[name] for name in usual.split() if name in folded), "")


def _folded(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


def resolve(
    words: Sequence[str], given: Mapping[str, str], present: Sequence[str], path: object, task: str = ""
) -> dict[str, str]:
    """Returns the column for each word: the one that the user named, or else one with a usual name.

    Raises:
        ColumnError: a column does not exist, or cannot be guessed.
        OptionError: the user named a column for a word that the task does not have.
    """
    columns: dict[str, str] = {}
    for word, column in given.items():
        if word not in words:
            raise OptionError(f"Option 'columns' names {word!r}; for {task} the words are {', '.join(words)}.")
        joined = word in files_of(task).joins
        columns[word] = (
            JOINT.join(find_columns(column, present, path)) if joined else find_column(column, present, path)
        )
    for word in words:
        if word not in columns:
            remaining = [name for name in present if name and name not in columns.values()]
            missing = [other for other in words if other not in columns]
            guessed = guess(word, remaining, task) or (remaining[0] if len(remaining) == len(missing) == 1 else "")
            if not guessed:
                example = ",".join(f"{word}=NAME" for word in words)
                series = "If each row is a series of numbers, write them with numpy.savez and name npz:FILE. "
                raise ColumnError(
                    f"{path}: none of its columns ({listed(present)}) has a usual name for {word!r}. "
                    f"{series if word == 'text' and len(present) > MAX_LISTED else ''}Name the "
                    f"columns: --columns {example}; in a file without a header, by number, such as {words[0]}=1."
                )
            columns[word] = guessed
    return columns


def find_column(column: str, present: Sequence[str], path: object) -> str:
    """Returns the column that the user named; names may differ in their Unicode normalization."""
    if column in present:
        return column
    for name in present:
        if unicodedata.normalize("NFC", name) == unicodedata.normalize("NFC", column):
            return name
    close = nearest(column, present)
    hint = f"Did you mean {alternatives([*map(repr, close)])}? " if close else ""
    raise ColumnError(f"{path} has no column {short_repr(column)}. {hint}Its columns: {listed(present)}.")


def find_columns(names: str, present: Sequence[str], path: object) -> tuple[str, ...]:
    """Returns the columns that the user named, joined by `+`, which may itself be part of a name."""
    found: list[str] = []
    rest = names.split(JOINT)
    while rest:
        ends = [end for end in range(len(rest), 0, -1) if JOINT.join(rest[:end]).strip() in present]
        end = ends[0] if ends else 1
        found.append(find_column(JOINT.join(rest[:end]).strip(), present, path))
        rest = rest[end:]
    return tuple(found)


def refuse_repeated(columns: Sequence[str]) -> None:
    """Raises `OptionError` if the user named a column twice."""
    if twice := next((name for name in columns if columns.count(name) > 1), ""):
        raise OptionError(f"Option 'columns' names the column {twice!r} twice. Name it once.")


def listed(columns: Sequence[str]) -> str:
    """Returns the names of columns for a message; only the first ones if there are many."""
    more = f", and {len(columns) - MAX_LISTED:,} more" if len(columns) > MAX_LISTED else ""
    return ", ".join(map(repr, columns[:MAX_LISTED])) + more
