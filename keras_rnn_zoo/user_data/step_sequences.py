"""Sequences with a target for each step: what tables, arrays and data in memory with such targets have in common."""

import abc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.columns import listed
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.step_columns import CLASSES, NUMBERS
from keras_rnn_zoo.user_data.step_targets import StepForm, StepTargets
from keras_rnn_zoo.user_data.validation_pass import RowReport


@dataclass
class StepSequence:
    """A sequence.

    Attributes:
        name: what messages and predictions call it.
        inputs: float32 `(steps, features)`, NaN where missing; of a recording, `(samples,)`.
        targets: a target for each step, as `StepTargets` converts them; `None` in files to predict.
        rows: for a table, the values of each row by the name of its column, in files to predict.
    """

    name: str
    inputs: Any
    targets: Any = None
    rows: Sequence[Mapping[str, Any]] = ()

    def key(self) -> bytes:
        """Returns the key that determines the split: equal sequences are in the same split."""
        return np.ascontiguousarray(self.inputs).tobytes()


@dataclass
class Sequences:
    """The sequences of a source.

    Attributes:
        report: the rows that cannot be used.
        found: the sequences.
        classes: the classes, in the order of their indices; empty for numbers.
        counts: number of steps of each class.
    """

    report: RowReport
    found: list[StepSequence] = field(default_factory=list)
    classes: tuple[str, ...] = ()
    counts: Sequence[int] = ()

    def finish(self, targets: StepTargets, column: str) -> None:
        """Takes the classes that were learned; missing labels among integers become bad rows."""
        if targets.form.task == NUMBERS:
            return
        final, missing = targets.finish(column)
        for bad, count in missing:
            self.report.refuse(bad, count)
        if not targets.form.multilabel:
            final = np.append(final, np.int32(-1))  # The last one is what the index -1 selects.
            for one in self.found:
                one.targets = final[one.targets]
        self.classes, self.counts = tuple(targets.names), targets.counts


class StepSource(abc.ABC):
    """Data with sequences, opened to read them."""

    columns: Mapping[str, str]
    """The column or array for each word of the option `columns`."""

    input = "series"
    """The kind of input of the sequences."""

    def defaults(self) -> dict[str, Any]:
        """Returns options that suit the inputs, by name."""
        return {}

    @abc.abstractmethod
    def form(self, task: str, multilabel: bool | None) -> StepForm:
        """Returns the form of the targets.

        Args:
            task: the task, "" if the data decides.
            multilabel: whether a step may have several classes; `None` if the data decides.
        """

    @abc.abstractmethod
    def read(self, form: StepForm, classes: Sequence[str]) -> Sequences:
        """Reads all sequences.

        Args:
            form: the form of their targets.
            classes: the known classes; empty to learn them.
        """

    def arranged(self, form: StepForm, known: Sequence[str]) -> StepForm:
        """Returns the form of targets for a run with known names of several targets, in their order.

        Raises:
            DataError: the targets are not those of the run.
        """
        own = form.names if form.names != tuple(map(str, range(len(form.names)))) else tuple(known)
        if len(form.names) != len(known) or (own != tuple(known) and form.task == CLASSES):
            raise DataError(
                f"{self.named()} has the targets {listed(form.names)}, but the run was trained on {listed(known)}. "
                "Name data with these."
            )
        return form._replace(names=tuple(known))

    @abc.abstractmethod
    def checksum(self) -> str:
        """Returns a SHA-256 of the data."""

    @abc.abstractmethod
    def named(self) -> Path:
        """Returns the path, or the name of data in memory."""

    def address(self) -> str:
        """Returns the address without the format."""
        return str(self.named())

    def inputs(self) -> Iterator[StepSequence | BadRow]:
        """Yields the sequences without targets, to predict them, and the rows that cannot be read."""
        raise NotImplementedError
