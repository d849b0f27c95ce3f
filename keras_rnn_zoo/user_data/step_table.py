"""Reads tables with a row for each step: rows of several sequences, in any order."""

import array
import itertools
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.columns import are_measured
from keras_rnn_zoo.user_data.rows import BadRow, RowSource
from keras_rnn_zoo.user_data.step_columns import CLASSES, NUMBERS, StepColumns, resolve_step_columns, target_word
from keras_rnn_zoo.user_data.step_sequences import Sequences, StepSequence, StepSource
from keras_rnn_zoo.user_data.step_targets import StepForm, StepTargets, bit_of
from keras_rnn_zoo.user_data.table import TYPE_SAMPLE
from keras_rnn_zoo.user_data.table_rows import TableRow, TableRows, number_of
from keras_rnn_zoo.user_data.timestamps import Clock, TimeFault
from keras_rnn_zoo.user_data.validation_pass import ROWS_LISTED, RowReport

NUMERIC_SAMPLE = 100
"""Number of rows that decide which columns hold numbers."""


@dataclass
class _Steps:
    """The rows of one sequence as they are read."""

    inputs: Any = field(default_factory=lambda: array.array("f"))
    targets: Any = field(default_factory=lambda: array.array("f"))
    orders: list[float] = field(default_factory=list)
    numbers: dict[float, int] = field(default_factory=dict)
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    count: int = 0


class StepTable(StepSource):
    """A table with a row for each step. Each of several files has sequences of its own.

    Args:
        table: the table, opened without the columns of a task.
        given: for each word of the option `columns`, the column or columns that the user named.
        with_target: whether the target is read.
    """

    def __init__(self, table: RowSource, given: Mapping[str, str], *, with_target: bool = True) -> None:
        self.source = TableRows(table)
        self.path = self.source.path
        self.given_word = target_word(given)
        self.names: StepColumns = resolve_step_columns(
            given, self.source.present, self.path, self._numeric, with_target=with_target
        )
        self.columns = self.names.as_options()

    def named(self) -> Path:
        return self.path

    def address(self) -> str:
        return self.source.table.address()

    def checksum(self) -> str:
        return self.source.checksum()

    def form(self, task: str, multilabel: bool | None) -> StepForm:
        targets = self.names.targets
        several = targets if len(targets) > 1 else ()
        word = self.given_word if self.given_word != "target" else ""
        if not task and word:
            task = CLASSES if word == "label" else NUMBERS
        if not task:
            sample = self.source.sample(targets, TYPE_SAMPLE)
            columns = [[text for text in column if text is not None] for column in sample]
            if several:
                classes = all(bit_of(text) is not None or not text.strip() for column in columns for text in column)
            else:
                classes = not any(map(are_measured, columns))
            task = CLASSES if classes else NUMBERS
        if task == NUMBERS:
            return StepForm(task, several)
        if multilabel is not None and multilabel != bool(several):
            raise DataError(
                f"{self.path}: several classes at once (multilabel=true) need a column of 0 and 1 for each class, and "
                f"one class needs a single column; the target is {self.columns['target']!r}. Name such columns: "
                "--columns target=A+B."
            )
        return StepForm(task, several, bool(several))

    def arranged(self, form: StepForm, known: Sequence[str]) -> StepForm:
        if sorted(form.names) == sorted(known):  # In the order of the run, whatever that of the columns.
            self.names = self.names._replace(targets=tuple(known))
            self.columns = self.names.as_options()
            return form._replace(names=tuple(known))
        return super().arranged(form, known)

    def _numeric(self, names: Sequence[str]) -> list[str]:
        columns = self.source.sample(names, NUMERIC_SAMPLE)
        return [name for name, texts in zip(names, columns, strict=True) if _are_numbers(texts)]

    def read(self, form: StepForm, classes: Sequence[str]) -> Sequences:
        targets = StepTargets(form, classes)
        found = self._read(targets, keep=False)
        found.finish(targets, self.columns["target"])
        return found

    def inputs(self) -> Iterator[StepSequence | BadRow]:
        found = self._read(None, keep=True)
        yield from found.report.bad
        yield from found.found

    def _read(self, targets: StepTargets | None, *, keep: bool) -> Sequences:
        """Reads all rows; without `targets`, only the inputs.

        Args:
            targets: converts the targets.
            keep: whether to keep the values of all columns, and all bad rows.
        """
        result = Sequences(RowReport(self.source.table, listed=sys.maxsize if keep else ROWS_LISTED))
        rows = self.source.rows(self.names.names, held=True, keep=keep)
        for file, in_file in itertools.groupby(rows, self.source.file_of):
            sequences: dict[str, _Steps] = {}
            order = _Order()
            for row in in_file:
                if bad := row.bad or self._add(result, sequences, order, targets, row):
                    result.report.refuse(bad)
            for name, steps in sequences.items():
                result.found.append(self._sequence(f"{file} {name}".strip(), steps, targets))
        return result

    def _add(
        self,
        result: Sequences,
        sequences: dict[str, _Steps],
        order: "_Order",
        targets: StepTargets | None,
        row: TableRow,
    ) -> BadRow | None:
        """Adds a row to its sequence; returns the bad row if it is left out."""
        names, rest, where = self.names, list(row.texts), self.source.where(row.number)
        name = rest.pop(0).strip() if names.id else ""
        if names.id and not name:
            return BadRow(where, names.id, "", "the name of the sequence is empty")
        steps = sequences.get(name) or _Steps()
        if names.order:
            text = rest.pop(0)
            place, fault = order.read(text)
            if not fault and place in steps.numbers:
                hint = "; if they are of different sequences, name the column that says which: id=NAME"
                fault = f"the same order as in {self.source.where(steps.numbers[place])}{'' if names.id else hint}"
            if fault:
                return BadRow(where, names.order, text, fault)
        numbers: list[float] = []
        for column, text in zip(names.inputs, rest, strict=False):
            number, fault = number_of(text)
            if fault:
                return BadRow(where, column, text, fault)
            numbers.append(number)
        if targets is not None:
            rest = rest[len(names.inputs) :]
            converted, index, fault = targets.convert(rest, where)
            if fault:  # The step is read, but neither learned nor scored.
                result.report.refuse(BadRow(where, names.targets[index], rest[index], fault))
                converted = targets.missing
            steps.targets.extend(converted)
        if names.order:
            steps.numbers[place] = row.number
            steps.orders.append(place)
        steps.inputs.extend(numbers)
        steps.rows.extend([row.values] if row.values else [])
        steps.count += 1
        sequences[name] = steps
        return None

    def _sequence(self, name: str, steps: _Steps, targets: StepTargets | None) -> StepSequence:
        inputs = np.asarray(steps.inputs, "float32").reshape(steps.count, -1)
        order = np.argsort(steps.orders, kind="stable") if steps.orders else np.arange(steps.count)
        converted = None
        if targets is not None:
            spec = targets.form.spec()
            shape = (steps.count, *spec.shape[1:])
            converted = np.asarray(steps.targets, spec.dtype.as_numpy_dtype).reshape(shape)[order]
        rows = [steps.rows[index] for index in order] if steps.rows else ()
        return StepSequence(name, inputs[order], converted, rows)


class _Order:
    """Reads what rows are sorted by: numbers, or times if the first one is not a number."""

    def __init__(self) -> None:
        self._clock: Clock | None = None
        self._begun = False

    def read(self, text: str) -> tuple[float, str]:
        """Returns the place of a row, and its fault, or ""."""
        if not self._clock:
            number, fault = number_of(text)
            if not math.isnan(number) or self._begun:
                self._begun = True
                return number, fault or ("the order of the row is empty" if math.isnan(number) else "")
            self._clock = Clock("", "")
        self._begun = True
        try:
            return float(self._clock.read(text)), ""
        except TimeFault as error:
            return math.nan, str(error).partition("; name another format")[0]


def _are_numbers(texts: Sequence[str | None]) -> bool:
    """Whether all texts are numbers or empty, and at least one is a number."""
    known = [text for text in texts if text is not None]
    missing = [not fault and math.isnan(number) for number, fault in map(number_of, known)]
    numbers = [text for text, gone in zip(known, missing, strict=True) if not gone]
    return len(known) == len(texts) and bool(numbers) and all(map(_is_number, numbers))


def _is_number(text: str) -> bool:
    """Whether a text is a number, also one that cannot be used: then the row is named rather than the column unread."""
    try:
        float(text)
    except ValueError:
        return not number_of(text)[1]  # true or false.
    return True
