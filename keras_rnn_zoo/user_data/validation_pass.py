"""The first pass over files: every row is checked, counted and given its number."""

import array
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.labels import Known, are_whole, not_finite, plain_number
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource
from keras_rnn_zoo.user_data.splitting import hash_key
from keras_rnn_zoo.user_data.target_checks import check_text

ROWS_LISTED = 5
"""Faults that a message tells in full."""


@dataclass
class RowReport:
    """What the first pass over files found.

    Attributes:
        files: the files.
        numbers: the number of each good row's key.
        inputs: the number of what each good row has as input, if it is to be compared with other files; else empty.
        strata: the class of each good row, by its place in `labels`; empty where the task has no classes.
        labels: how often each class came, in the order in which they came first.
        bad: the first rows that cannot be used.
        bad_rows: how many there are.
        left_out: where rows stand that only their input tells to be of no use: images that will not open, recordings
            that are too short for what is said in them.
        empty: rows with an empty text.
    """

    files: RowSource
    numbers: Any = field(default_factory=lambda: array.array("Q"))
    inputs: Any = field(default_factory=lambda: array.array("Q"))
    strata: Any = field(default_factory=lambda: array.array("L"))
    labels: Counter[str] = field(default_factory=Counter)
    bad: list[BadRow] = field(default_factory=list)
    bad_rows: int = 0
    left_out: list[str] = field(default_factory=list)
    empty: int = 0

    @property
    def rows(self) -> int:
        """The number of good rows."""
        return len(self.numbers)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in order: by number where all are whole numbers, else by letter."""
        whole = all(_is_whole(label) for label in self.labels)
        return tuple(sorted(self.labels, key=lambda label: (int(label), label) if whole else (0, label)))


def validate_rows(
    files: RowSource,
    seed: int,
    classes: Sequence[str] = (),
    fault_of: Callable[[Any, Any], str] | None = None,
    *,
    compared: bool = False,
) -> RowReport:
    """Goes over files once.

    Args:
        files: the files.
        seed: of the numbers that rows are split by.
        classes: the classes that training knows; empty where this is what training is made of.
        fault_of: given the raw input of a row and its target, returns why it cannot be learned from, or "".
        compared: whether inputs are to be compared with those of other files.
    """
    found = RowReport(files)
    places: dict[str, int] = {}
    missing: list[BadRow] = []
    for row in checked_rows(files, files.rows(), classes):
        if isinstance(row, Row) and (
            fault := files.check(row) or (fault_of(files.load(row), row.target) if fault_of else "")
        ):
            found.left_out.append(row.where)
            row = BadRow(row.where, "", "", fault)
        if isinstance(row, BadRow):
            found.bad_rows += 1
            if len(found.bad) < ROWS_LISTED:
                found.bad.append(row)
            continue
        found.numbers.append(hash_key(files.key(row), seed))
        if compared:
            found.inputs.append(hash_key(files.content(row), seed))
        if files.task_files.classes == "one":
            found.labels[row.target] += 1
            found.strata.append(places.setdefault(row.target, len(places)))
            if (fault := not_finite(row.target)) and len(missing) < ROWS_LISTED:
                missing.append(BadRow(row.where, files.columns.get(files.task_files.target, ""), row.target, fault))
        elif files.task_files.classes == "several":
            found.labels.update(tag for tag in row.target.split(" ") if tag != files.unspecified)
        found.empty += isinstance(row.raw, str) and not row.raw.strip()
    if files.task_files.classes == "one" and not classes:
        _join_numbers(found, missing)
    return found


def _join_numbers(found: RowReport, missing: Sequence[BadRow]) -> None:
    """Makes one class of "1" and "1.0", and bad rows of those labeled "nan" or "inf", if all others are whole numbers.

    So are columns of whole numbers written by pandas, in which a value is missing.

    Args:
        found: the validate_rows, which is changed.
        missing: the first rows that are labeled "nan" or "inf".
    """
    names = [name for name in found.labels if not not_finite(name)]
    if not names or not are_whole(names):
        return
    joined: Counter[str] = Counter()
    for name in names:
        joined[plain_number(name)] += found.labels[name]
    place = {name: number for number, name in enumerate(joined)}
    moved = [-1 if not_finite(name) else place[plain_number(name)] for name in found.labels]
    kept = [moved[stratum] >= 0 for stratum in found.strata]
    found.numbers = array.array("Q", itertools.compress(found.numbers, kept))
    found.inputs = array.array("Q", itertools.compress(found.inputs, kept))
    found.strata = array.array("L", (moved[stratum] for stratum in found.strata if moved[stratum] >= 0))
    found.bad_rows += sum(count for name, count in found.labels.items() if not_finite(name))
    found.bad = [*found.bad, *missing][:ROWS_LISTED]
    found.labels = joined


def checked_rows(files: RowSource, rows: Iterator[Row | BadRow], classes: Sequence[str] = ()) -> Iterator[Row | BadRow]:
    """Gives rows with targets as the task wants them; those whose target is none, as bad rows."""
    known = Known([*classes, files.unspecified] if classes and files.unspecified else classes)
    check = files.task_files.check or check_text
    column = files.columns.get(files.task_files.target, "")
    for row in rows:
        if isinstance(row, Row):
            target, fault = check(row.target, known)
            yield BadRow(row.where, column, row.target, fault) if fault else row._replace(target=target)
        else:
            yield row


def _is_whole(label: str) -> bool:
    return label.removeprefix("-").isdecimal() and len(label) < 20


def refuse_bad_rows(surveys: Sequence[RowReport]) -> None:
    """Raises `DataError` with the faults of the rows that cannot be used, if there are any."""
    number = sum(one.bad_rows for one in surveys)
    if not number:
        return
    told = [bad.describe(str(one.files.named()[0])) for one in surveys for bad in one.bad][:ROWS_LISTED]
    more = f" {number - len(told):,} more rows cannot be used." if number > len(told) else ""
    raise DataError(
        f"{'. '.join(told)}.{more} Correct {'it' if number == 1 else 'them'}, or leave out such rows with "
        "--skip-bad-rows."
    )
