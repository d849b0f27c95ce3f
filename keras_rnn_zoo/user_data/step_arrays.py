"""Reads series in arrays with a target for each step: from `npz` files and from memory."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.conventions import IGNORED
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.columns import parse_columns, resolve
from keras_rnn_zoo.user_data.formats.npz import TARGET_NAMES, Arrays
from keras_rnn_zoo.user_data.memory_table import InMemory
from keras_rnn_zoo.user_data.rows import BadRow, Row
from keras_rnn_zoo.user_data.step_columns import (
    CLASSES,
    NUMBERS,
    STEP_TASKS,
    TARGET_WORDS,
    WORDS,
    is_step_table,
    target_word,
)
from keras_rnn_zoo.user_data.step_sequences import Sequences, StepSequence, StepSource
from keras_rnn_zoo.user_data.step_targets import StepForm, StepTargets
from keras_rnn_zoo.user_data.targets import KINDS
from keras_rnn_zoo.user_data.typed_values import text_of
from keras_rnn_zoo.user_data.validation_pass import RowReport


class StepArrays(StepSource):
    """Series `x` with a target for each step `y`, in arrays of the same layout: ragged, padded or concatenated.

    Targets are classes, names or integers, `(steps,)`; 0 or 1 for each class, `(steps, classes)`; or numbers,
    `(steps,)` or `(steps, targets)`.

    Args:
        kind: the class that reads series.
        location: the location, as for `kind`.
        given: for each word of the option `columns`, the array that the user named.
        with_target: whether the targets are read.
        rates: sample rates of recordings, as for `step_recordings.Recorded`.
    """

    def __init__(
        self,
        kind: type[Arrays],
        location: Any,
        given: Mapping[str, str],
        *,
        with_target: bool = True,
        rates: Mapping[str, int] = {},
    ) -> None:
        word = target_word(given)
        series = {"series": given["input"]} if "input" in given else {}
        self.series = kind(location, STEP_TASKS, series, "", ("series",), **rates)
        self.path, self.word, self.input = self.series.path, word, self.series.input
        arrays = self.series.others
        self.columns = {"input": self.series.columns["series"]}
        self.y: Any = None
        if with_target:
            present = [name for name in arrays if name not in TARGET_NAMES]
            named = {"target": given[word]} if word else {}
            found = resolve(("target",), named, present, self.path, CLASSES)
            self.columns["target"] = found["target"]
            self.y = arrays[found["target"]]
            self._check_layout()
        self.names = self._names_in(arrays)

    def _names_in(self, arrays: Mapping[str, Any]) -> tuple[str, ...]:
        unused = arrays.keys() - {self.columns.get("target")}
        found: list[Any] = next((np.ravel(arrays[name]).tolist() for name in TARGET_NAMES if name in unused), [])
        return tuple(map(str, found))

    def defaults(self) -> dict[str, Any]:
        return self.series.defaults() if self.input == "audio" else {}

    def named(self) -> Path:
        return self.path

    def checksum(self) -> str:
        if not isinstance(self.series, InMemory):
            return self.series.checksum()
        import hashlib

        total = hashlib.sha256()
        for index in range(len(self.series.bounds)):
            rows = np.asarray(self._target(index))
            plain = rows.tobytes() if rows.dtype.kind != "O" else repr(rows.tolist()).encode()
            total.update(f"{rows.dtype}{rows.shape}".encode() + plain)
            series = self.series.series(index)
            total.update(b"" if series is None else f"{series.shape}".encode() + np.ascontiguousarray(series).tobytes())
        return total.hexdigest()

    def _check_layout(self) -> None:
        """Raises `DataError` unless the targets have the layout of the series."""
        y, name = self.y, self._name
        if y.dtype.kind not in KINDS:
            raise DataError(f"{name}: numbers or texts are expected as targets; received the dtype {y.dtype}.")
        rows = len(self.series.x)
        concatenated = rows != len(self.series.bounds)
        if not y.ndim or len(y) != rows:
            raise DataError(
                f"{name}: there are {rows:,} {'steps in all' if concatenated else 'series'}, but "
                f"{quantity(len(y) if y.ndim else 1, 'target')}. Write a target for each step, in the layout of the "
                "series: ragged, padded, or concatenated."
            )
        if y.dtype.kind != "O" and y.ndim == 1 and not concatenated:
            raise DataError(
                f"{name}: a target for each step is expected, of the shape (series, steps); received {y.shape}. For "
                "one target for each series, train many_to_one."
            )

    def _target(self, index: int) -> Any:
        """Returns the targets of a series, without an axis of size 1."""
        target = self.series.target(self.y, index)
        try:
            target = np.asarray(target)
        except ValueError:  # Rows of different lengths.
            return np.zeros((0, 0))
        return target[:, 0] if target.ndim == 2 and target.shape[1] == 1 else target

    def form(self, task: str, multilabel: bool | None) -> StepForm:
        sample = [self._target(index) for index in range(len(self.series.bounds))]
        width = next((target.shape[1] for target in sample if target.ndim == 2 and target.size), 0)
        names = self.names if len(self.names) == width else tuple(map(str, range(width)))
        if not task and self.word in TARGET_WORDS[1:]:
            task = CLASSES if self.word == "label" else NUMBERS
        if not task:
            bits = all(map(_are_bits, sample))
            measured = any(map(_is_measured, sample)) if not width else not bits
            task = NUMBERS if measured else CLASSES
        if task == NUMBERS:
            return StepForm(task, names if width else ())
        one_hot = width > 0 and all(map(_is_one_hot, sample))
        several = width > 0 and not one_hot if multilabel is None else multilabel
        if several and not width:
            raise DataError(
                f"{self._name}: several classes at once (multilabel=true) need targets of the shape (steps, classes), "
                "with 0 or 1 for each class. Convert the targets, or set multilabel=false."
            )
        if width and not several and not one_hot:
            raise DataError(
                f"{self._name}: targets of the shape (steps, {width}) with one class at each step need a single 1 in "
                "each row. Set multilabel=true for several classes at once."
            )
        return StepForm(task, names, several) if width else StepForm(task)

    @property
    def _name(self) -> str:
        return f"{self.path}, array {self.columns['target']!r}"

    def read(self, form: StepForm, classes: Sequence[str]) -> Sequences:
        one_hot = form.task == CLASSES and bool(form.names) and not form.multilabel
        plain = StepForm(form.task) if one_hot else form
        targets = StepTargets(plain, classes or (form.names if one_hot else ()))
        result = Sequences(RowReport(self.series))
        for row in self.series.rows():
            if isinstance(row, BadRow):
                result.report.refuse(row)
                continue
            target, fault, steps = self._converted(row, targets, one_hot)
            for step, what in steps[:1]:
                bad = BadRow(f"{row.where}, step {step}", self.columns["target"], what, fault)
                result.report.refuse(bad, len(steps))
            if fault and not steps:
                result.report.refuse(BadRow(row.where, self.columns["target"], "", fault))
                continue
            result.found.append(StepSequence(row.where, self.series.load(row), target))
        result.finish(targets, self.columns["target"])
        return result

    def _converted(self, row: Row, targets: StepTargets, one_hot: bool) -> tuple[Any, str, list[tuple[int, Any]]]:
        """Returns the targets of a series, a fault, and the steps with the fault and their values; none for all."""
        target, count = self._target(row.raw), self.series.steps(row.raw)
        if len(target) != count:
            return None, f"{quantity(len(target), 'target')} for {self.series.stated_steps(row.raw)}", []
        width = targets.form.width if targets.form.names else len(targets.names) if one_hot else 0
        if target.ndim != (2 if width else 1) or (width and target.shape[1] != width):
            return (
                None,
                f"targets of the shape (steps{f', {width}' if width else ','}) are expected; received {target.shape}",
                [],
            )
        if targets.form.task == CLASSES and not width:
            return _labels(target, targets, row.where)
        numbers = _numbers(target)
        if numbers is None:
            return None, "numbers are expected as targets", []
        flat = numbers.reshape(count, -1)
        if targets.form.task == NUMBERS:
            missing, fault = ~np.isfinite(flat), "a finite number is expected"
        else:
            missing, fault = (flat != 0) & (flat != 1), "0 or 1 is expected, since the targets are classes"
        bad = [(int(step), float(flat[step][missing[step]][0])) for step in np.flatnonzero(missing.any(axis=1))]
        fault = fault if bad else ""
        if targets.form.task == NUMBERS:
            return np.where(missing, np.nan, numbers.reshape(flat.shape)).reshape(target.shape), fault, bad
        left_out = missing.any(axis=1)
        if one_hot:
            index = np.where(left_out, IGNORED, flat.argmax(axis=1)).astype("int32")
            for place, times in zip(*np.unique(index[~left_out], return_counts=True), strict=True):
                targets.counts[place] += int(times)
            return index, fault, bad
        for place, times in enumerate((flat[~left_out] == 1).sum(axis=0).tolist()):
            targets.counts[place] += times
        return np.where(missing.any(axis=1, keepdims=True), IGNORED, flat).astype("int8"), fault, bad

    def inputs(self) -> Iterator[StepSequence | BadRow]:
        for row in self.series.rows():
            yield row if isinstance(row, BadRow) else StepSequence(row.where, self.series.load(row))


def has_step_targets(kind: type[Arrays], location: Any, tasks: Sequence[str], options: Mapping[str, Any]) -> bool:
    """Whether arrays have a target for each step: the task or the option `columns` says so, or their shapes do.

    Args:
        kind: the class that reads series.
        location: the location, as for `kind`.
        tasks: the tasks that the arrays may be for.
        options: options set by the user.
    """
    if is_step_table(options, tasks) or not set(tasks) & set(STEP_TASKS):
        return bool(set(tasks) & set(STEP_TASKS))
    try:
        given = parse_columns(str(options.get("columns") or ""), WORDS)
        parts = kind.divided(location)
        rate = int(options.get("sampling_rate") or 0)
        found = StepArrays(kind, parts.get("train", location), given, rates={"sampling_rate": rate} if rate else {})
    except (DataError, OptionError):
        return False  # The other tasks report the fault.
    if not len(found.series.bounds) or (found.y.ndim == 2 and _is_one_hot(found.y)):
        return False
    target, series = found._target(0), found.series.series(0)
    if found.series.input == "audio":  # A wrong number of targets is then named.
        return target.ndim > 0 and len(target) > 1
    return target.ndim > 0 and series is not None and len(target) == len(series)


def _labels(target: Any, targets: StepTargets, where: str) -> tuple[Any, str, list[tuple[int, Any]]]:
    """Returns the indices of labels `(steps,)`, the fault of the first invalid label, and the steps that have one."""
    texts = np.array([text_of(value) or "" for value in target.tolist()], object)
    indices, first, bad = np.zeros(len(texts), "int32"), "", []
    for text in dict.fromkeys(texts.tolist()):
        same = np.flatnonzero(texts == text)
        index, fault = targets.index_of(text, f"{where}, step {same[0]}", len(same))
        indices[same] = index
        if fault:
            first = first or fault
            bad += [(int(step), text) for step in same]
    return indices, first, bad


def _numbers(target: Any) -> Any:
    """Returns targets as float32, or `None` if they are not numbers."""
    if target.dtype.kind in "SU":
        return None
    try:
        return target.astype("float32")
    except (TypeError, ValueError):
        return None


def _are_bits(target: Any) -> bool:
    numbers = _numbers(target)
    return numbers is not None and bool((((numbers == 0) | (numbers == 1)) | np.isnan(numbers)).all())


def _is_one_hot(target: Any) -> bool:
    return _are_bits(target) and bool((np.nan_to_num(_numbers(target)).sum(axis=-1) == 1).all())


def _is_measured(target: Any) -> bool:
    """Whether targets `(steps,)` are numbers, some of them with a fraction."""
    if target.dtype.kind not in "fO":
        return False
    numbers = _numbers(target)
    if numbers is None:
        return False
    finite = numbers[np.isfinite(numbers)]
    return bool((finite != np.rint(finite)).any())
