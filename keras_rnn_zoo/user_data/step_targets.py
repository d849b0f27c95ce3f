"""Targets of steps: which form they have, and how those of a table or an array are checked and converted."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from keras_rnn_zoo.conventions import IGNORED
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.user_data.columns import JOINT
from keras_rnn_zoo.user_data.labels import KnownClasses, are_integers, not_finite, plain_number
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.step_columns import NUMBERS
from keras_rnn_zoo.user_data.table_rows import number_of
from keras_rnn_zoo.user_data.target_checks import check_label

_BITS = {"0": 0, "1": 1, "false": 0, "true": 1, "0.0": 0, "1.0": 1}


class StepForm(NamedTuple):
    """The form of the targets of each step.

    Attributes:
        task: the task that they are for.
        names: names of several targets: of numbers, or of classes, which may occur at once if `multilabel` and else
            are one-hot rows. Empty if there is a single target.
        multilabel: whether a step may have several classes.
    """

    task: str
    names: tuple[str, ...] = ()
    multilabel: bool = False

    @property
    def width(self) -> int:
        """The number of values of a target, once it is converted."""
        return max(1, len(self.names)) if self.multilabel or self.task == NUMBERS else 1

    def spec(self) -> Any:
        """Returns the `tf.TensorSpec` of the targets of a sequence."""
        dtype = "float32" if self.task == NUMBERS else "int8" if self.multilabel else "int32"
        several = [len(self.names)] if self.names and (self.multilabel or dtype == "float32") else []
        return tf.TensorSpec([None, *several], dtype)

    def defaults(self) -> dict[str, Any]:
        """Returns the options of the task that the data determines."""
        if self.task == NUMBERS:
            return {"target_names": JOINT.join(self.names)}
        return {"multilabel": self.multilabel}


def bit_of(text: str) -> int | None:
    """Returns 0 or 1 for a text that says whether a step has a class, and `None` for other texts."""
    return _BITS.get(text.strip().casefold())


class StepTargets:
    """Converts the targets of steps, one after another, and learns their classes.

    Args:
        form: their form.
        classes: the classes that are known; empty to learn them, in the order in which they occur.

    Attributes:
        names: the classes, in the order of their indices.
        counts: number of steps of each class.
    """

    def __init__(self, form: StepForm, classes: Sequence[str] = ()) -> None:
        self.form = form
        self.names = list(classes or (form.names if form.multilabel else ()))
        self.counts = [0] * len(self.names)
        self.missing = [math.nan if form.task == NUMBERS else IGNORED] * form.width
        self._is_known = bool(classes)
        self._known = KnownClasses(classes)
        self._indices = {name: index for index, name in enumerate(self.names)}
        self._found: dict[str, int] = {}
        self._firsts: list[str] = []

    def convert(self, values: Sequence[str], where: str) -> tuple[list[float], int, str]:
        """Converts the target of a step.

        Args:
            values: the text of its value, or of its values if there are several names.
            where: its location.

        Returns:
            The converted values: the index of the class, 0 or 1 for each class, or numbers; the position of the
            first value with a fault; and that fault, or "".
        """
        if self.form.task == NUMBERS:
            return self._numbers(values)
        if self.form.multilabel:
            return self._bits(values)
        index, fault = self.index_of(values[0], where)
        return [index], 0, fault

    def _numbers(self, values: Sequence[str]) -> tuple[list[float], int, str]:
        converted = [number_of(value) for value in values]
        for place, (number, fault) in enumerate(converted):
            if fault or math.isnan(number):
                return self.missing, place, fault or "the value is empty"
        return [number for number, _ in converted], 0, ""

    def _bits(self, values: Sequence[str]) -> tuple[list[float], int, str]:
        bits: list[float] = []
        for place, value in enumerate(values):
            bit = bit_of(value)
            if bit is None:
                other = "0 or 1 is expected, since the targets are classes; name numbers to predict as value=A+B"
                return self.missing, place, other if value.strip() else "the label is empty"
            bits.append(bit)
        for index, active in enumerate(bits):
            self.counts[index] += int(active)
        return bits, 0, ""

    def index_of(self, text: str, where: str, count: int = 1) -> tuple[int, str]:
        """Returns the index of a label, and its fault, or "".

        Args:
            text: the label.
            where: the location of its first step.
            count: number of steps that have it.
        """
        index = self._found.get(text, -1)
        if index < 0:
            label, fault = check_label(text, self._known)
            if fault:
                return IGNORED, fault
            index = self._indices.get(label, -1)
            if index < 0:
                index = self._indices[label] = len(self.names)
                self.names.append(label)
                self.counts.append(0)
                self._firsts.append(where)
            self._found[text] = index
        self.counts[index] += count
        return index, ""

    def finish(self, column: str) -> tuple[Any, list[tuple[BadRow, int]]]:
        """Sorts the classes that were learned: numerically if all are integers, else alphabetically.

        If all are integers, the labels "1" and "1.0" are one class, and "nan" is a missing label.

        Args:
            column: the column of the labels, for messages.

        Returns:
            For each index that `convert` returned the final one, int32; and the missing labels, each with its first
            location and the number of steps.
        """
        if self.form.task == NUMBERS or self.form.multilabel or self._is_known:
            return np.arange(len(self.names), dtype="int32"), []
        present = [name for name in self.names if not not_finite(name)]
        numeric = bool(present) and are_integers(present)
        plain = [plain_number(name) if numeric else name for name in self.names]
        gone = [bool(numeric and not_finite(name)) for name in self.names]
        kept = {name for name, left_out in zip(plain, gone, strict=True) if not left_out}
        order = sorted(kept, key=lambda name: (int(name), name) if numeric else (0, name))
        final = [IGNORED if left_out else order.index(name) for name, left_out in zip(plain, gone, strict=True)]
        bad = [
            (BadRow(where, column, name, not_finite(name)), count)
            for name, where, count, left_out in zip(self.names, self._firsts, self.counts, gone, strict=True)
            if left_out
        ]
        counts = np.zeros(len(order), "int64")
        for index, count in zip(final, self.counts, strict=True):
            if index != IGNORED:
                counts[index] += count
        self.names, self.counts = order, counts.tolist()
        return np.array(final, "int32"), bad
