"""The base class of loaded runs and exports: predicts raw inputs and checks the predictions."""

import abc
import contextlib
import contextvars
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import DataError, RunError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.options import check_options
from keras_rnn_zoo.tasks._predictions import fault_of_batch
from keras_rnn_zoo.tasks.task import Task
from keras_rnn_zoo.user_data.typed_values import is_missing

logger = logging.getLogger(__name__)

_MAX_FAULT_LENGTH = 300
"""Maximum number of characters to quote of TensorFlow's error message."""
BATCH_SIZE = 32
"""Number of inputs in a batch."""


class Predictor(abc.ABC):
    """Predicts raw inputs: a loaded run or export.

    Attributes:
        task: the fitted task.
    """

    task: Task

    @property
    @abc.abstractmethod
    def predict_batch(self) -> Callable[..., Mapping[str, Any]]:
        """The function from a raw batch, as made by `task.to_batch`, to its predictions by name."""

    def predict(self, inputs: Sequence[Any], **options: Any) -> list[dict[str, Any]]:
        """Predicts raw inputs; see `keras_rnn_zoo.predict`."""
        if isinstance(inputs, str | bytes | os.PathLike):
            raise DataError(
                f"A list of inputs is expected; received one input, {str(inputs)[:60]!r}. Put it in a list."
            )
        if is_table(inputs):
            text = self.task.reader.input == "text"
            instead = (
                'a single column, such as df["text"], or a list' if text else "a list with an array for each input"
            )
            raise DataError(f"A list of inputs is expected; received the type {type(inputs).__name__}. Pass {instead}.")
        if not hasattr(inputs, "__len__"):
            raise DataError(f"A list of inputs is expected; received the type {type(inputs).__name__}.")
        options = check_options(self.task.prediction_options, options, "a prediction of this run")
        if self.task.reader.input == "text":  # Missing texts are empty, as in files.
            inputs = ["" if is_missing(text) else text for text in inputs]
        rows: list[dict[str, Any]] = []
        unread = _UNREAD.get() or _Unread()
        for start in range(0, len(inputs), BATCH_SIZE):
            chunk = inputs[start : start + BATCH_SIZE]
            try:
                batch = self.task.to_batch(chunk, **options)
            except DataError as error:
                raise self._located(error, inputs, start, options) from error
            unread.add(chunk, self.task.reader.unread(*batch[: len(self.task.reader.signature())]))
            rows += plain_rows(self.task, self._predict_checked(batch, len(chunk)))
        if unread is not _UNREAD.get():
            unread.warn()
        return rows

    def _located(self, error: DataError, inputs: Sequence[Any], start: int, options: Mapping[str, Any]) -> DataError:
        """Returns the error of a batch with the position of the first of several inputs that is not valid."""
        for index, item in enumerate(inputs[start : start + BATCH_SIZE], start):
            try:
                self.task.to_batch([item], **options)
            except DataError as fault:
                named = len(inputs) == 1 or (isinstance(item, str) and repr(item) in str(fault))
                return fault if named else DataError(f"inputs[{index}]: {fault}")
        return error

    def _predict_checked(self, batch: tuple[Any, ...], count: int) -> dict[str, Any]:
        """Returns the predictions for a raw batch of `count` inputs as arrays by name.

        Raises:
            RunError: the graph fails, or the predictions do not match the task or are not finite.
        """
        predictions = self.run_graph(lambda: self.predict_batch(*batch))
        arrays = {name: np.asarray(values) for name, values in predictions.items()}
        self.check_answers(arrays, count, None)
        return arrays

    def run_graph(self, run: Callable[[], Any]) -> Any:
        """Returns what a function returns that runs the graph; raises `RunError` if the graph fails."""
        try:
            return run()
        except tf.errors.OpError as error:
            too_large = isinstance(error, tf.errors.ResourceExhaustedError)
            remedy = "Use shorter inputs." if too_large else self.remedy
            raise RunError(f"{self.title} failed to predict: {_fault_of_graph(error)}. {remedy}") from error

    def check_answers(self, arrays: Mapping[str, Any], count: int, expected: Mapping[str, Any] | None) -> None:
        """Raises `RunError` unless predictions are what the task produces; arguments as in `fault_of_batch`."""
        if fault := fault_of_batch(self.task, arrays, count, expected):
            raise RunError(f"{self.title} cannot be used: {fault}. {self.remedy}")

    @property
    @abc.abstractmethod
    def title(self) -> str:
        """What this is and where it is, as the subject of a message: "The run saved_models/sentiment"."""

    @property
    @abc.abstractmethod
    def remedy(self) -> str:
        """What to do if this cannot be used, as a sentence."""


class _Unread:
    """Counts inputs most of whose tokens are unknown, for one warning of all of them."""

    def __init__(self) -> None:
        self.total = self.count = 0
        self.first: Any = ""

    def add(self, inputs: Sequence[Any], unknown: Any) -> None:
        """Counts inputs; `unknown` has a truth value for each, or is `None` if no reader could tell."""
        places = [] if unknown is None else np.flatnonzero(unknown).tolist()
        if places and not self.count:
            self.first = inputs[places[0]]
        self.total += len(inputs)
        self.count += len(places)

    def warn(self) -> None:
        if not self.count:
            return
        first = short_repr(self.first if isinstance(self.first, str) else self.first.decode("utf-8", "replace"))
        logger.warning(
            "The network doesn't know most words of %s, so the prediction says little. Write in the language and the "
            "words of the training data.",
            first if self.total == 1 else f"{self.count:,} of {self.total:,} inputs, such as {first}",
        )


_UNREAD: contextvars.ContextVar[_Unread | None] = contextvars.ContextVar("unread", default=None)


@contextlib.contextmanager
def one_warning() -> Iterator[None]:
    """Replaces the warnings of unknown words in this block by one at its end, which counts all inputs."""
    unread = _Unread()
    token = _UNREAD.set(unread)
    try:
        yield
    finally:
        _UNREAD.reset(token)
    unread.warn()


def is_table(inputs: Any) -> bool:
    """Whether inputs are a table rather than a list: a dict of columns, or such as a DataFrame, which lists them."""
    return isinstance(inputs, Mapping) or hasattr(inputs, "columns")


def plain_rows(task: Task, predictions: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Converts the predictions for a batch, each a tensor `(batch, ...)`, to a dict of plain values for each input."""
    return [task.trim(row) for row in _rows(predictions)]


def plain_answers(loaded: Predictor, answers: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    """Converts the answers of `count` streams, each an array `(rows, ...)`, to a dict of plain values for each stream.

    Raises:
        RunError: they are not what the task produces.
    """
    loaded.check_answers(answers, count, loaded.task.stream_signature())
    return [loaded.task.trim_answer(row) for row in _rows(answers)]


def _rows(predictions: Mapping[str, Any]) -> list[dict[str, Any]]:
    arrays = {name: np.asarray(values) for name, values in predictions.items()}
    count = min(map(len, arrays.values()))
    return [{name: _plain(values[row]) for name, values in arrays.items()} for row in range(count)]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    return value.item()


def _fault_of_graph(error: Any) -> str:
    """Returns the message of a TensorFlow error without the location in the graph."""
    lines = error.message.partition("[[{{node")[0].strip().splitlines()
    return lines[-1].rstrip(".")[:_MAX_FAULT_LENGTH] if lines else type(error).__name__


def first_line_of(error: Exception) -> str:
    """Returns the first line of an error's message without its period, or the name of its class if it has none."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
