"""The columns of a table over time: when, what to forecast, of which series, and what is known in advance."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.user_data.columns import (
    JOINT,
    ColumnError,
    find_columns,
    guess,
    listed,
    parse_columns,
    refuse_repeated,
    usual_columns,
)

TASK = "forecasting"
WORDS = ("time", "target", "id", "known")
"""The words of the option `columns` for such tables."""


class TimeColumns(NamedTuple):
    """The names of the columns of a table over time.

    Attributes:
        time: the time of a row.
        targets: the values to forecast.
        id: the series that a row belongs to; "" if there is only one.
        known: values that are known in advance, such as holidays.
    """

    time: str
    targets: tuple[str, ...]
    id: str
    known: tuple[str, ...]

    def as_options(self) -> dict[str, str]:
        """Returns the names for each word of the option `columns`, without words that have none."""
        names = {"time": self.time, "target": JOINT.join(self.targets), "id": self.id, "known": JOINT.join(self.known)}
        return {word: name for word, name in names.items() if name}


def is_time_table(options: Mapping[str, Any], tasks: Sequence[str]) -> bool:
    """Whether a table is one over time: the option `columns` names its time, or the task leaves nothing else.

    Args:
        options: options set by the user.
        tasks: the tasks that the table may be for.
    """
    if TASK not in tasks:
        return False
    given = parse_columns(str(options.get("columns") or ""), usual_columns())
    own = {"time", "id", "known"} if "translation" in tasks else set(WORDS)  # Translations have targets, too.
    return tuple(tasks) == (TASK,) or bool(own & given.keys())


def resolve_time_columns(given: Mapping[str, str], present: Sequence[str], path: object) -> TimeColumns:
    """Returns the columns of a table over time.

    The column `time` is guessed from usual names, and `target` if there is only one other column, or one with a usual
    name. The others have to be named.

    Args:
        given: for each word of the option `columns`, the column or columns that the user named.
        present: the names of the existing columns.
        path: the file, for messages.

    Raises:
        ColumnError: a column does not exist or cannot be guessed.
        OptionError: the user named a column for another word, or one column for two words.
    """
    for word in given:
        if word not in WORDS:
            raise OptionError(f"Option 'columns' names {word!r}; for {TASK} the words are {', '.join(WORDS)}.")
    found = {word: find_columns(names, present, path) for word, names in given.items()}
    for word in ("time", "id"):
        if len(found.get(word, ())) > 1:
            raise OptionError(f"Option 'columns' names several columns for {word!r}: {given[word]!r}. Name one.")
    time = found.get("time") or _guessed("time", present, path)
    others = [name for name in present if name and name not in {*time, *found.get("id", ()), *found.get("known", ())}]
    targets = found.get("target") or (tuple(others) if len(others) == 1 else _guessed("target", others, path))
    columns = TimeColumns(time[0], targets, found.get("id", ("",))[0], found.get("known", ()))
    refuse_repeated([columns.time, *columns.targets, *([columns.id] if columns.id else []), *columns.known])
    return columns


def _guessed(word: str, present: Sequence[str], path: object) -> tuple[str, ...]:
    column = guess(word, present, TASK)
    if not column:
        raise ColumnError(
            f"{path}: none of its columns ({listed(present)}) has a usual name for {word!r}. Name the columns: "
            "--columns time=NAME,target=NAME, several targets as target=A+B.",
            word,
        )
    return (column,)
