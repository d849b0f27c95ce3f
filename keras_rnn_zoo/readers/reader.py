"""What every reader provides: the half of a task's preprocessing that depends on the kind of input alone."""

import abc
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import tf


class Reader(abc.ABC):
    """From raw inputs of one kind to a model's input.

    Calling it on the tensors of a raw batch gives the model's input, in TensorFlow ops; steps that are only padding
    hold 0 where the input is integer and NaN where it is floating-point. Keyword-only arguments of a subclass are
    options.
    """

    input: str
    """The kind of input: the option `input` of an architecture."""

    variable: bool
    """Whether inputs differ in length, along the first axis after the batch's."""

    def fit(self, raw: Any) -> str:
        """Learns what reading needs from a `tf.data.Dataset` of raw inputs; returns what, in a few words, or ""."""
        return ""

    @abc.abstractmethod
    def model_options(self) -> dict[str, Any]:
        """Returns the options that the model takes from the input."""

    @abc.abstractmethod
    def signature(self) -> list[Any]:
        """Returns the `tf.TensorSpec`s of a raw batch, named as users of an export name its inputs."""

    def defaults(self) -> dict[str, Any]:
        """Returns the values of inputs that may be left out, by name; they are the last ones of the signature."""
        return {}

    @abc.abstractmethod
    def __call__(self, *raw: Any) -> Any:
        """Returns the model's input for a raw batch."""

    def steps(self, raw: Any) -> int:
        """Returns the number of steps that are read of a raw input, as a data set gives it."""
        return int(self._steps(raw))

    @functools.cached_property
    def _steps(self) -> Any:
        return tf.function(lambda raw: tf.shape(self(*self.add_batch_axis(raw)))[1], reduce_retracing=True)

    def valid_mask(self, *raw: Any) -> Any:
        """Returns which inputs of a raw batch are ones, boolean `(batch,)`, or `None` where anything is.

        What can be told to be none is read as something harmless, and gets an empty answer.
        """
        return None

    def source_tokens(self, *raw: Any) -> dict[str, Any]:
        """Returns what the steps of the input are, by name, where people can read it: `(batch, steps)`."""
        return {}

    def add_batch_axis(self, raw: Any) -> tuple[Any, ...]:
        """Returns the raw batch that holds one raw input, as a data set gives it."""
        return (raw[None],)

    @abc.abstractmethod
    def to_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """Returns the raw batch of what a user gave; raises `DataError` for what is no input of this kind."""

    @abc.abstractmethod
    def dummy_input(self, number: int) -> Any:
        """Returns a raw input for a check where no data is at hand, another one for each number."""

    def longer_than(self, inputs: Sequence[Any]) -> Any:
        """Returns a raw input that is longer than all of `inputs`, where inputs differ in length."""
        raise NotImplementedError

    def resources(self) -> list[Any]:
        """Returns the layers with tables that reading looks up, which an export must carry."""
        return []

    def save(self, folder: Path) -> None:  # noqa: B027  Most readers learn nothing.
        """Writes what `fit` learnt to `folder`, as plain text."""

    def load(self, folder: Path | Member) -> None:  # noqa: B027
        """Reads what `save` wrote."""


def required(condition: Any, message: str, *values: Any) -> Any:
    """Returns the first of `values`, or raises TensorFlow's `InvalidArgumentError` unless `condition` holds.

    The message is followed by the values. What depends on the result runs after the check, in a graph, too.
    """
    with tf.control_dependencies([tf.debugging.Assert(condition, [message, *values])]):
        return tf.identity(values[0])


def read_file(path: Any) -> bytes:
    """Returns the content of a file that a user named; raises `DataError` where it cannot be read."""
    try:
        return Path(path).expanduser().read_bytes()
    except IsADirectoryError:
        raise DataError(
            f"{str(path)!r} is a folder; a file is expected. To predict all that it holds: zoo predict RUN --input DIR."
        ) from None
    # A RuntimeError tells of the home folder of a user there is not.
    except (OSError, TypeError, ValueError, RuntimeError) as error:
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise DataError(f"The file {str(path)!r} cannot be read: {reason}. Name a file that exists.") from None
