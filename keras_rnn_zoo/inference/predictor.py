"""Predictions for raw inputs, by a run or an export: checked, and as plain Python values."""

import abc
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from keras_rnn_zoo.errors import DataError, RunError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.options import check_options
from keras_rnn_zoo.tasks._predictions import fault_of_batch
from keras_rnn_zoo.tasks.task import Task

_LONGEST_FAULT = 300
"""Characters of what TensorFlow says."""
BATCH_SIZE = 32
"""Inputs that are answered at once."""


class Predictor(abc.ABC):
    """What answers raw inputs: a loaded run, or an export of one.

    Attributes:
        task: the fitted task.
    """

    task: Task

    @property
    @abc.abstractmethod
    def predict_batch(self) -> Callable[..., Mapping[str, Any]]:
        """The function of a raw batch, as `task.to_batch` makes it, to its answers by name."""

    def predict(self, inputs: Sequence[Any], **options: Any) -> list[dict[str, Any]]:
        """Answers raw inputs; as `keras_rnn_zoo.predict`."""
        if isinstance(inputs, str | bytes | os.PathLike):
            raise DataError(
                f"A list of inputs is expected; received one input, {str(inputs)[:60]!r}. Put it in a list."
            )
        chosen = check_options(self.task.prediction_options, options, "an answer of this run")
        rows = []
        for start in range(0, len(inputs), BATCH_SIZE):
            part = inputs[start : start + BATCH_SIZE]
            rows += plain_rows(self.task, self._checked(self.task.to_batch(part, **chosen), len(part)))
        return rows

    def _checked(self, batch: tuple[Any, ...], count: int) -> dict[str, Any]:
        """Returns the predictions for a raw batch as arrays by name.

        Raises:
            RunError: the graph fails, or the predictions are not those of the task, or not finite.
        """
        try:
            arrays = {name: np.asarray(values) for name, values in self.predict_batch(*batch).items()}
        except tf.errors.OpError as error:
            too_large = isinstance(error, tf.errors.ResourceExhaustedError)
            remedy = "Give it shorter inputs." if too_large else self.remedy
            raise RunError(f"{self.title} failed to predict: {_fault_of_graph(error)}. {remedy}") from error
        if fault := fault_of_batch(self.task, arrays, count):
            raise RunError(f"{self.title} cannot be used: {fault}. {self.remedy}")
        return arrays

    @property
    @abc.abstractmethod
    def title(self) -> str:
        """What this is and where it lies, to begin a message with."""

    @property
    @abc.abstractmethod
    def remedy(self) -> str:
        """What to do where this cannot be used, as a sentence."""


def plain_rows(task: Task, answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the answers to a batch, each a tensor `(batch, ...)`, as plain values by name for each input."""
    arrays = {name: np.asarray(values) for name, values in answers.items()}
    count = min(map(len, arrays.values()))
    return [task.trim({name: _plain(values[row]) for name, values in arrays.items()}) for row in range(count)]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    return value.item()


def _fault_of_graph(error: Any) -> str:
    """Returns what an error of TensorFlow's says went wrong, without where in the graph."""
    lines = error.message.partition("[[{{node")[0].strip().splitlines()
    return lines[-1].rstrip(".")[:_LONGEST_FAULT] if lines else type(error).__name__


def first_line_of(error: Exception) -> str:
    """Returns the first line of what an error says, without its full stop, or the name of its kind."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
