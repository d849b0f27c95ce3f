"""Reads tables with a row for each step: rows of several sequences, in any order."""

import array
import functools
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.memory import available
from keras_rnn_zoo.user_data.columnar import Columnar
from keras_rnn_zoo.user_data.columns import are_measured
from keras_rnn_zoo.user_data.memory_table import InMemory
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.step_columns import STEP_TASKS, StepColumns, resolve_step_columns, target_word
from keras_rnn_zoo.user_data.step_sequences import Sequences, StepSequence, StepSource
from keras_rnn_zoo.user_data.step_targets import StepForm, StepTargets, bit_of, number_of
from keras_rnn_zoo.user_data.table import TYPE_SAMPLE, Table
from keras_rnn_zoo.user_data.textfile import check_text
from keras_rnn_zoo.user_data.timestamps import Clock, TimeFault
from keras_rnn_zoo.user_data.typed_values import text_of
from keras_rnn_zoo.user_data.validation_pass import RowReport

NUMERIC_SAMPLE = 100
"""Number of rows that decide which columns hold numbers."""
MEMORY_FRACTION, ROW_BYTES, CELL_BYTES = 0.8, 300, 100
"""The fraction of free memory that rows may use, and the bytes of a row, and of a cell if whole rows are kept."""


@dataclass
class _Steps:
    """The rows of one sequence as they are read."""

    inputs: Any = field(default_factory=lambda: array.array("f"))
    targets: Any = field(default_factory=lambda: array.array("f"))
    orders: list[float] = field(default_factory=list)
    where_of: dict[float, str] = field(default_factory=dict)
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    count: int = 0


class StepTable(StepSource):
    """One or several tables with the same columns; those of a pattern have sequences of their own.

    Args:
        tables: the name of each file, "" if there is only one, and the table.
        given: for each word of the option `columns`, the column or columns that the user named.
        pattern: the absolute pattern that names the files, if there is one.
        with_target: whether the target is read.
    """

    def __init__(
        self,
        tables: Sequence[tuple[str, Table | Columnar]],
        given: Mapping[str, str],
        *,
        pattern: str = "",
        with_target: bool = True,
    ) -> None:
        self.tables = tables
        first = tables[0][1]
        self.path = Path(pattern or first.named()[0])
        self.given_word = target_word(given)
        self.names: StepColumns = resolve_step_columns(
            given, first.present, self.path, self._numeric, with_target=with_target
        )
        for _, table in tables[1:]:
            resolve_step_columns(
                {**self.names.as_options()}, table.present, table.named()[0], self._numeric, with_target=with_target
            )
        self.columns = self.names.as_options()

    def named(self) -> Path:
        return self.path

    def address(self) -> str:
        return self.tables[0][1].address() if len(self.tables) == 1 else str(self.path)

    def checksum(self) -> str:
        import hashlib

        if isinstance(self.tables[0][1], InMemory):
            total = hashlib.sha256(json.dumps(self.columns).encode())
            for _, values, _ in _rows(self.tables[0][1], self.names.names):
                total.update(json.dumps(values).encode())
            return total.hexdigest()
        sums = [table.checksum() for _, table in self.tables]
        return sums[0] if len(sums) == 1 else hashlib.sha256(" ".join(sums).encode()).hexdigest()

    def form(self, task: str, multilabel: bool | None) -> StepForm:
        targets = self.names.targets
        several = targets if len(targets) > 1 else ()
        word = self.given_word if self.given_word != "target" else ""
        if not task and word:
            task = STEP_TASKS[0] if word == "label" else STEP_TASKS[1]
        if not task:
            columns = list(zip(*self._sample(targets, TYPE_SAMPLE), strict=True))
            if several:
                classes = all(bit_of(text) is not None or not text.strip() for column in columns for text in column)
            else:
                classes = not any(are_measured(column) for column in columns)
            task = STEP_TASKS[0] if classes else STEP_TASKS[1]
        if task == STEP_TASKS[1]:
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

    def _sample(self, names: Sequence[str], count: int) -> list[Sequence[str]]:
        """Returns the texts of columns in the first rows that can be read."""
        texts: list[Sequence[str]] = []
        for _, values, _ in itertools.islice(_rows(self.tables[0][1], names), count):
            if not isinstance(values, BadRow):
                texts.append(values)
        return texts

    def _numeric(self, names: Sequence[str]) -> list[str]:
        columns = zip(*self._sample(names, NUMERIC_SAMPLE), strict=True)
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
        """Reads all rows, with the values of all columns if `keep`; without `targets`, only the inputs."""
        result = Sequences(RowReport(self.tables[0][1]))
        cells = 4 * len(self.names.names) + (CELL_BYTES * len(self.tables[0][1].present) if keep else 0)
        room = int(available() * MEMORY_FRACTION) // (ROW_BYTES + cells)
        for file, table in self.tables:
            sequences: dict[str, _Steps] = {}
            add = functools.partial(self._add, result, sequences, _Order(), targets, file)
            for where, values, whole in _rows(table, self.names.names, keep=keep):
                bad = values if isinstance(values, BadRow) else add(where, values, whole)
                if bad:
                    result.refuse(bad._replace(where=f"{file} {bad.where}") if file else bad)
                room -= 1
                if room < 0:
                    raise DataError(f"{self.path} has more rows than fit in memory. Name a part of it.")
            for name, steps in sequences.items():
                label = f"{file} {name}".strip() if file else name
                result.found.append(self._sequence(label, steps, targets))
        return result

    def _add(
        self,
        result: Sequences,
        sequences: dict[str, _Steps],
        order: "_Order",
        targets: StepTargets | None,
        file: str,
        where: str,
        values: Sequence[str],
        whole: Mapping[str, Any],
    ) -> BadRow | None:
        """Adds a row to its sequence; returns the bad row if it is left out."""
        names, rest = self.names, list(values)
        name = rest.pop(0).strip() if names.id else ""
        if names.id and not name:
            return BadRow(where, names.id, "", "the name of the sequence is empty")
        steps = sequences.get(name) or _Steps()
        if names.order:
            text = rest.pop(0)
            place, fault = order.read(text)
            if not fault and place in steps.where_of:
                other = (
                    "" if names.id else "; if they are of different sequences, name the column that says which: id=NAME"
                )
                fault = f"the same order as in {steps.where_of[place]}{other}"
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
            converted, column_index, fault = targets.convert(rest, f"{file} {where}".strip())
            if fault:  # The step is read, but neither learned nor scored.
                bad = BadRow(f"{file} {where}".strip(), names.targets[column_index], rest[column_index], fault)
                result.refuse(bad)
                converted = targets.missing
            steps.targets.extend(converted)
        if names.order:
            steps.where_of[place] = where
            steps.orders.append(place)
        steps.inputs.extend(numbers)
        steps.rows.extend([whole] if whole else [])
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


def _are_numbers(texts: Sequence[str]) -> bool:
    """Whether all texts are numbers or empty, and at least one is a number."""
    read = [number_of(text) for text in texts]
    return all(not fault for _, fault in read) and any(not math.isnan(number) for number, _ in read)


def _rows(
    table: Table | Columnar, names: Sequence[str], *, keep: bool = False
) -> Iterator[tuple[str, list[str] | BadRow, Mapping[str, Any]]]:
    """Yields the location of each row, the texts of some columns, or its fault, and its values by column if kept."""
    if isinstance(table, Table):
        places = [table.present.index(name) for name in names]
        encoding = table.file.encoding
        for record, _ in table.records():
            if record.blank:
                continue
            if record.bad:
                yield record.where, record.bad, {}
                continue
            whole = record.whole if record.whole is not None else dict(zip(table.present, record.fields, strict=True))
            yield (
                record.where,
                _texts(record.where, names, [record.fields[i] for i in places], encoding),
                (whole if keep else {}),
            )
        return
    read = list(table.present) if keep else list(names)
    places = [read.index(name) for name in names]
    for index, values in table.records(read):
        where = table.where(index)
        texts = _texts(where, names, [values[place] for place in places], table.encoding)
        if isinstance(texts, BadRow) or any(texts):  # Rows below an Excel table are blank.
            yield where, texts, (dict(zip(read, values, strict=True)) if keep else {})


def _texts(where: str, names: Sequence[str], values: Sequence[Any], encoding: str) -> list[str] | BadRow:
    texts = []
    for name, value in zip(names, values, strict=True):
        text = text_of(value, encoding)
        if text is None:
            return BadRow(where, name, value, "a text or a number is expected")
        if not text.isascii() and (bad := check_text(text, where, name, encoding)):
            return bad
        texts.append(text)
    return texts
