"""The validation pass over files: checks and counts all rows, and hashes their keys."""

import array
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.key_numbers import count_different, count_shared, sorted_by_class
from keras_rnn_zoo.user_data.labels import KnownClasses, are_integers, not_finite, plain_number
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource
from keras_rnn_zoo.user_data.splitting import hash_key
from keras_rnn_zoo.user_data.target_checks import check_text

ROWS_LISTED = 5
"""Maximum number of bad rows to list in a message."""


@dataclass
class RowReport:
    """The result of the validation pass.

    Attributes:
        files: the files.
        numbers: the hash of each valid row's key.
        inputs: the hash of each valid row's input, if it is compared with other files; else empty.
        strata: the class of each valid row, as an index in `labels`; empty if the task has no classes.
        labels: number of rows of each class, in the order in which classes first occur.
        bad: the first rows that cannot be used, up to `listed`.
        bad_rows: number of rows that cannot be used.
        left_out: locations of rows whose input cannot be used, such as damaged images, or recordings that are too short
            for their transcripts.
        empty: number of rows with an empty text.
        listed: how many of the rows that cannot be used are listed.
        missing: the first rows labeled "nan" or "inf", which cannot be used if all other labels are numbers.
        repeated: how many training rows have the same input as another one before them; 0 before `summarize`.
        shared: how many rows of held-out files have an input of a training row; 0 before `summarize`.
    """

    files: RowSource
    numbers: Any = field(default_factory=lambda: array.array("Q"))
    inputs: Any = field(default_factory=lambda: array.array("Q"))
    strata: Any = field(default_factory=lambda: array.array("B"))
    labels: Counter[str] = field(default_factory=Counter)
    bad: list[BadRow] = field(default_factory=list)
    bad_rows: int = 0
    left_out: list[str] = field(default_factory=list)
    empty: int = 0
    listed: int = ROWS_LISTED
    missing: list[BadRow] = field(default_factory=list)
    repeated: int = 0
    shared: int = 0
    _rows: int | None = None

    @property
    def rows(self) -> int:
        """The number of valid rows."""
        return len(self.numbers) if self._rows is None else self._rows

    @property
    def has_strata(self) -> bool:
        """Whether rows have classes by which they are split."""
        return bool(self.strata)

    def sorted_numbers(self) -> Iterator[tuple[str, Any]]:
        """Yields the sorted numbers of each class, or of the class "". The order of `numbers` is lost."""
        names = list(self.labels) if self.has_strata else [""]
        return sorted_by_class(_as_numbers(self.numbers), np.asarray(self.strata), names)

    def summarize(self, training: "RowReport") -> None:
        """Counts training rows with the same input as another one, or held-out rows with that of a training row."""
        if self is training:
            self.repeated = self.rows - count_different(_as_numbers(self.numbers))
        else:
            self.shared = count_shared(_as_numbers(self.inputs), _as_numbers(training.inputs))

    def forget_numbers(self) -> None:
        """Frees the memory that grows with the number of rows; what was found with it stays known."""
        self._rows, self.strata = self.rows, self.strata[:1]
        self.numbers, self.inputs = array.array("Q"), array.array("Q")

    def refuse(self, bad: BadRow, count: int = 1) -> None:
        """Adds a row that cannot be used, which stands for `count` rows with the same fault."""
        self.bad_rows += count
        if len(self.bad) < self.listed:
            self.bad.append(bad)

    def add(self, other: "RowReport") -> None:
        """Adds the report of the rows that follow these, read with the same arguments."""
        self.numbers.extend(other.numbers)
        self.inputs.extend(other.inputs)
        self.labels.update(other.labels)
        if other.strata:
            indices = {label: index for index, label in enumerate(self.labels)}
            self._widen()
            new = np.array([indices[label] for label in other.labels], self.strata.typecode)
            self.strata.frombytes(new[np.asarray(other.strata)].tobytes())
        self.bad = [*self.bad, *other.bad][: self.listed]
        self.missing = [*self.missing, *other.missing][:ROWS_LISTED]
        self.bad_rows += other.bad_rows
        self.left_out += other.left_out
        self.empty += other.empty

    def _widen(self) -> None:
        """Makes room in `strata` for the indices of all labels: one byte for each row, unless there are many."""
        code = "B" if len(self.labels) <= 2**8 else "H" if len(self.labels) <= 2**16 else "I"
        if array.array(code).itemsize > self.strata.itemsize:
            self.strata = array.array(code, self.strata)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, sorted: numerically if all are integers, else alphabetically."""
        numeric = all(_is_integer(label) for label in self.labels)
        return tuple(sorted(self.labels, key=lambda label: (int(label), label) if numeric else (0, label)))


def validate_rows(
    files: RowSource,
    seed: int,
    classes: Sequence[str] = (),
    fault_of: Callable[[Any, Any], str] | None = None,
    *,
    compared: bool = False,
) -> RowReport:
    """Reads files once and validates their rows.

    Args:
        files: the files.
        seed: seed of the hashes.
        classes: the classes of the training files; empty for the training files themselves.
        fault_of: given the raw input of a row and its target, returns why it cannot be learned from, or "".
        compared: whether to hash inputs for comparison with other files.
    """
    parts = None if fault_of else files.part_reports(seed, classes, compared)
    if parts is None:
        report = read_report(files, seed, classes, fault_of, compared=compared)
    else:
        report = RowReport(files)
        for part in parts:
            report.add(part)
    if files.task_files.classes == "one" and not classes:
        _join_numbers(report)
    return report


def read_report(
    files: RowSource,
    seed: int,
    classes: Sequence[str] = (),
    fault_of: Callable[[Any, Any], str] | None = None,
    *,
    compared: bool = False,
) -> RowReport:
    """Returns the report of files before numbers among the labels are joined; arguments as for `validate_rows`."""
    report, column = RowReport(files), files.columns.get(files.task_files.target, "")
    kind = files.task_files.classes
    indices: dict[str, int] = {}
    faults: list[str] = []  # Of each label, if it stands for no finite number.
    largest = 2**8 - 1
    for row in checked_rows(files, files.rows(), classes):
        if isinstance(row, Row) and (
            fault := files.check(row) or (fault_of(files.load(row), row.target) if fault_of else "")
        ):
            report.left_out.append(row.where)
            row = BadRow(row.where, "", "", fault)
        if isinstance(row, BadRow):
            report.refuse(row)
            continue
        report.numbers.append(hash_key(files.key(row), seed))
        if compared:
            report.inputs.append(hash_key(files.content(row), seed))
        if kind == "one":
            report.labels[row.target] += 1
            if (index := indices.setdefault(row.target, len(indices))) == len(faults):
                faults.append(not_finite(row.target))
                if index > largest:
                    report._widen()
                    largest = 2 ** (8 * report.strata.itemsize) - 1
            report.strata.append(index)
            if (fault := faults[index]) and len(report.missing) < ROWS_LISTED:
                report.missing.append(BadRow(row.where, column, row.target, fault))
        elif kind == "several":
            report.labels.update(tag for tag in row.target.split(" ") if tag != files.unspecified)
        report.empty += isinstance(row.raw, str) and not row.raw.strip()
    return report


def _join_numbers(report: RowReport) -> None:
    """Merges the classes "1" and "1.0", and makes rows labeled "nan" or "inf" bad, if all other labels are integers.

    pandas writes a column of integers with a missing value like this.
    """
    names = [name for name in report.labels if not not_finite(name)]
    if not names or not are_integers(names):
        return
    joined: Counter[str] = Counter()
    for name in names:
        joined[plain_number(name)] += report.labels[name]
    indices = {name: index for index, name in enumerate(joined)}
    if len(names) < len(report.labels):
        finite = np.array([not not_finite(name) for name in report.labels])
        kept = finite[np.asarray(report.strata)].tobytes()
        for numbers in ("numbers", "inputs", "strata"):
            values = getattr(report, numbers)
            setattr(report, numbers, array.array(values.typecode, itertools.compress(values, kept)))
    new_indices = [indices.get(plain_number(name), 0) for name in report.labels]  # No row has an infinite one now.
    strata = np.asarray(report.strata)
    np.take(np.array(new_indices, strata.dtype), strata, out=strata)
    report.bad_rows += sum(count for name, count in report.labels.items() if not_finite(name))
    report.bad = [*report.bad, *report.missing][:ROWS_LISTED]
    report.labels = joined


def checked_rows(files: RowSource, rows: Iterator[Row | BadRow], classes: Sequence[str] = ()) -> Iterator[Row | BadRow]:
    """Yields rows with their targets converted for the task; rows with an invalid target become bad rows."""
    known = KnownClasses([*classes, files.unspecified] if classes and files.unspecified else classes)
    check = files.task_files.check or check_text
    column = files.columns.get(files.task_files.target, "")
    for row in rows:
        if isinstance(row, Row) and files.target_columns:
            yield _several(row, check, known, files.target_columns)
        elif isinstance(row, Row):
            target, fault = check(row.target, known)
            if fault:
                yield BadRow(row.where, column, row.target, fault)
            else:
                yield row if target is row.target else row._replace(target=target)
        else:
            yield row


def _several(
    row: Row, check: Callable[..., tuple[Any, str]], known: KnownClasses, columns: Sequence[str]
) -> Row | BadRow:
    """Returns a row with several targets, converted for the task, or a bad row for the first invalid one."""
    converted = []
    for column, value in zip(columns, row.target, strict=True):
        target, fault = check(value, known)
        if fault:
            return BadRow(row.where, column, value, fault)
        converted.append(target)
    return row._replace(target=tuple(converted))


def _as_numbers(numbers: Any) -> Any:
    """Returns the NumPy array that shares the memory of an array of numbers."""
    return np.asarray(numbers, "uint64")


def _is_integer(label: str) -> bool:
    return label.removeprefix("-").isdecimal() and len(label) < 20


def refuse_bad_rows(reports: Sequence[RowReport]) -> None:
    """Raises `DataError` that lists the rows that cannot be used, if there are any."""
    count = sum(report.bad_rows for report in reports)
    if not count:
        return
    bad = [(str(report.files.named()[0]), row) for report in reports for row in report.bad][:ROWS_LISTED]
    paths = ["", *(path for path, _ in bad)]  # Each file is named once.
    faults = [row.describe("" if path == before else path) for before, (path, row) in zip(paths, bad, strict=False)]
    more = f" {quantity(count - len(faults), 'more row')} cannot be used." if count > len(faults) else ""
    header = reports[0].files.header_hint(reports[0].bad)
    raise DataError(
        f"{'. '.join(faults)}.{more}{header} Correct {'it' if count == 1 else 'them'}, or skip such rows with "
        "--skip-bad-rows."
    )
