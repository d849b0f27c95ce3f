"""The first pass over files: every row is checked, counted and given its number."""

import array
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from keras_rnn_zoo.addresses.columns import TARGETS
from keras_rnn_zoo.addresses.rows import BadRow, Files, Row
from keras_rnn_zoo.addresses.splitting import number_of
from keras_rnn_zoo.errors import DataError

TOLD = 5
"""Faults that a message tells in full."""


@dataclass
class Survey:
    """What the first pass over files found.

    Attributes:
        files: the files.
        numbers: the number of each good row's key.
        strata: the class of each good row, by its place in `labels`; empty where the task has no classes.
        labels: how often each class came, in the order in which they came first.
        bad: the first rows that cannot be used.
        bad_rows: how many there are.
        left_out: where rows stand whose input is of no use, though their text is: images that will not open.
        empty: rows with an empty text.
    """

    files: Files
    numbers: Any = field(default_factory=lambda: array.array("Q"))
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


def survey(files: Files, seed: int, classes: Sequence[str] = ()) -> Survey:
    """Goes over files once.

    Args:
        files: the files.
        seed: of the numbers that rows are split by.
        classes: the classes that training knows; empty where this is what training is made of.
    """
    found = Survey(files)
    places: dict[str, int] = {}
    for row in checked_rows(files, files.rows(), classes):
        if isinstance(row, Row) and (fault := files.check(row)):
            found.left_out.append(row.where)
            row = BadRow(row.where, "", "", fault)
        if isinstance(row, BadRow):
            found.bad_rows += 1
            if len(found.bad) < TOLD:
                found.bad.append(row)
            continue
        found.numbers.append(number_of(files.key(row), seed))
        if files.task == "classification":
            found.labels[row.target] += 1
            found.strata.append(places.setdefault(row.target, len(places)))
        elif files.task == "tagging":
            found.labels.update(tag for tag in row.target.split(" ") if tag != files.unspecified)
        found.empty += isinstance(row.raw, str) and not row.raw.strip()
    return found


def checked_rows(files: Files, rows: Iterator[Row | BadRow], classes: Sequence[str] = ()) -> Iterator[Row | BadRow]:
    """Gives rows with targets as the task wants them; those whose target is none, as bad rows."""
    known = frozenset(classes)
    if known and files.unspecified:
        known |= {files.unspecified}
    check = _CHECKS.get(files.task, _check_text)
    column = files.columns.get(TARGETS.get(files.task, ""), "")
    for row in rows:
        if isinstance(row, Row):
            target, fault = check(row.target, known)
            yield BadRow(row.where, column, row.target, fault) if fault else row._replace(target=target)
        else:
            yield row


def _check_label(target: Any, known: frozenset[str]) -> tuple[Any, str]:
    label = str(target).strip()
    if not label:
        return label, "the label is empty"
    if "\n" in label or "\r" in label:
        return label, "a label holds no line break"
    if known and label not in known:
        return label, f"the label is none of the {len(known)} seen in training ({_some(known)})"
    return label, ""


def _check_number(target: Any, known: frozenset[str]) -> tuple[Any, str]:
    try:
        number = float(target)
    except (TypeError, ValueError):
        return target, "a number is expected"
    return number, "" if math.isfinite(number) else "a finite number is expected"


def _check_tags(target: Any, known: frozenset[str]) -> tuple[Any, str]:
    unseen = sorted(set(target.split(" ")) - known) if known else []
    return target, f"the tag {unseen[0]!r} was not seen in training ({_some(known)})" if unseen else ""


def _check_text(target: Any, known: frozenset[str]) -> tuple[Any, str]:
    return target, "" if target and (not isinstance(target, str) or target.strip()) else "the text is empty"


_CHECKS: dict[str, Callable[[Any, frozenset[str]], tuple[Any, str]]] = {
    "classification": _check_label,
    "regression": _check_number,
    "tagging": _check_tags,
}


def _some(names: frozenset[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:10]) + (", ..." if len(listed) > 10 else "")


def _is_whole(label: str) -> bool:
    return label.removeprefix("-").isdecimal() and len(label) < 20


def refuse_bad_rows(surveys: Sequence[Survey]) -> None:
    """Raises `DataError` with the faults of the rows that cannot be used, if there are any."""
    number = sum(one.bad_rows for one in surveys)
    if not number:
        return
    told = [bad.told(str(one.files.named()[0])) for one in surveys for bad in one.bad][:TOLD]
    more = f" {number - len(told):,} more rows cannot be used." if number > len(told) else ""
    raise DataError(
        f"{'. '.join(told)}.{more} Correct {'it' if number == 1 else 'them'}, or leave out such rows with "
        "--skip-bad-rows."
    )
