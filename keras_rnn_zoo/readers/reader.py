"""The interface of readers: the part of a task's preprocessing that depends only on the kind of input."""

import abc
import contextlib
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf


class Picture(NamedTuple):
    """An input as something to look at.

    Attributes:
        kind: `"text"`; `"curves"` over time; `"image"`; or `"spectrogram"`.
        content: the text; float `(steps, features)`; uint8 `(rows, columns, channels)`; float `(bands, frames)`.
        length: the length of what is read along time, in `step_unit`s of the reader; 0 if it has none.
    """

    kind: Literal["text", "curves", "image", "spectrogram"]
    content: Any
    length: float = 0.0


class Reader(abc.ABC):
    """Converts raw inputs of one kind to a model's input.

    Calling a reader on the tensors of a raw batch returns the model's input, computed by TensorFlow ops. Padding steps
    are 0 if the input is integer and NaN if it is floating-point. Keyword-only arguments of a subclass are options.
    """

    input: str
    """The kind of input: the option `input` of an architecture."""

    variable: bool
    """Whether inputs vary in length along the first axis after the batch axis."""

    def fit(self, raw: Any) -> str:
        """Learns from the training split, a `tf.data.Dataset` of raw inputs.

        Returns:
            A short description of what was learned, for the training log, or "".
        """
        return ""

    @abc.abstractmethod
    def model_options(self) -> dict[str, Any]:
        """Returns the options of the model that follow from the input, such as the size of the vocabulary."""

    def size_labels(self) -> dict[str, Sequence[str]]:
        """Returns what the entries of a size in `model_options` stand for, such as the tokens of a vocabulary.

        A training that starts from the weights of a run copies the entries of the labels that both know.
        """
        return {}

    @abc.abstractmethod
    def signature(self) -> list[Any]:
        """Returns the `tf.TensorSpec`s of a raw batch; their names are those of an export's inputs."""

    def defaults(self) -> dict[str, Any]:
        """Returns the default values of optional inputs, by name; these come last in the signature."""
        return {}

    @abc.abstractmethod
    def __call__(self, *raw: Any) -> Any:
        """Returns the model's input for a raw batch."""

    def steps(self, raw: Any) -> int:
        """Returns the number of steps that are read of a raw input from a dataset."""
        return int(self._steps(raw))

    @functools.cached_property
    def _steps(self) -> Any:
        count = functools.partial(lambda raw: tf.shape(self(*self.add_batch_axis(raw)))[1])
        return tf.function(count, reduce_retracing=True, autograph=False)  # Partial, as in `LoadedRun.predict_batch`.

    def valid_mask(self, *raw: Any) -> Any:
        """Returns a boolean mask `(batch,)` of the valid inputs, or `None` if every value is valid for this reader.

        Invalid inputs are read as something harmless, and get an empty prediction.
        """
        return None

    def source_tokens(self, *raw: Any) -> dict[str, Any]:
        """Returns human-readable strings `(batch, steps)` for the steps of the input, by name, if there are any."""
        return {}

    # What inspections show

    step_unit = "step"
    """What a step of the model's float input is: a token, a row; or a unit of time, such as a second."""
    baseline = "zeros"
    """What is not there in the input that importance is measured from: zeros, in words."""

    @property
    def step_size(self) -> float:
        """The size of such a step in this unit."""
        return 1.0

    def step_labels(self, count: int, *raw: Any) -> list[str]:
        """Returns a text for each of the `count` steps of the only input in a raw batch; none if it is empty."""
        return list(map(str, range(1, count + 1))) if len(raw[0].shape) < 2 or raw[0].shape[1] else []

    # What plots show

    def input_lengths(self, inputs: Any) -> Any:
        """Returns the length of each of a batch of the model's inputs in `step_unit`s, float64 `(batch,)`."""
        values = np.asarray(inputs)
        firsts = values.reshape(*values.shape[:2], -1)[:, :, 0]
        real = np.logical_not(np.isnan(firsts)) if firsts.dtype.kind == "f" else firsts != 0
        return real.sum(axis=1).astype("float64")

    def word_ranks(self, inputs: Any) -> Any:
        """Returns how frequent each word of a batch of the model's inputs is in the training split.

        Returns:
            The place in the vocabulary, 1 for the most frequent word, infinite for unknown words, and NaN where there
            is none: float64 `(batch, steps)`. `None` for inputs that are not words.
        """
        return None

    def unread(self, *raw: Any) -> Any:
        """Returns in which inputs of a raw batch most tokens are unknown: bool `(batch,)`; `None` if none can be."""
        return None

    def picture(self, *raw: Any) -> "Picture":
        """Returns the only input in a raw batch as something to look at."""
        values = raw[0][0].numpy()
        if isinstance(values, bytes):
            return Picture("text", values.decode("utf-8", "replace"))
        return Picture("curves", values.reshape(len(values), -1), len(values))

    # Inputs that are still coming in

    streams = False
    """Whether an input can be read in parts, by the methods below."""

    slides = False
    """Whether each part moves a window on, which the model reads as a whole; see `_sliding.SlidingReader`."""

    def limit(self) -> tuple[Any, str]:
        """Returns the object and its attribute that limit how much of an input is read, as streams do not."""
        raise NotImplementedError

    @contextlib.contextmanager
    def without_limit(self) -> Iterator[None]:
        """Reads the whole of inputs of any length, as a stream does; for functions that are traced meanwhile."""
        owner, name = self.limit()
        limit = getattr(owner, name)
        setattr(owner, name, 2**31 - 1)
        try:
            yield
        finally:
            setattr(owner, name, limit)

    def stream_states(self) -> dict[str, Any]:
        """Returns the `keras_rnn_zoo.layers.streams.State`s that carry over what is not yet read, by name."""
        return {}

    def part_signature(self) -> list[Any]:
        """Returns the `tf.TensorSpec`s of a raw batch of parts."""
        return self.signature()

    def to_parts(self, parts: Sequence[Any]) -> tuple[Any, ...]:
        """Returns the raw batch of the next parts of some inputs, each as `cut` returns it."""
        return self.to_batch(parts)

    def to_part(self, part: Any) -> tuple[Any, ...]:
        """Returns the raw batch of the next part of one input; raises `DataError` if it is not of this kind."""
        return self.to_parts([part])

    def as_parts(self, *raw: Any) -> tuple[Any, ...]:
        """Returns a raw batch of whole inputs as a batch of parts."""
        return raw

    def no_part(self) -> Any:
        """Returns an empty part of an input."""
        return b""

    def part_steps(self, raw: Any) -> int:
        """Returns how many steps of a raw input `cut` tells apart: bytes, samples, or rows."""
        return len(raw)

    def cut(self, raw: Any, start: int, end: int) -> Any:
        """Returns the part of a raw input from a step up to another one."""
        return raw[start:end]

    def read_part(self, states: Mapping[str, Any], *raw: Any) -> tuple[Any, Any, dict[str, Any]]:
        """Reads the next parts of a batch of inputs.

        Args:
            states: the states after the parts before.
            *raw: the raw batch of parts, as for a call; a part may be empty.

        Returns:
            The steps of the model's input that more input cannot change, as `keras_rnn_zoo.layers.streams.Steps`; the
            tokens of these steps, `Steps` of strings, or `None`; and the new states.
        """
        raise NotImplementedError

    def read_end(self, states: Mapping[str, Any], rows: Any) -> tuple[Any, Any]:
        """Returns the steps and tokens of what has not been read yet, as if the inputs ended here.

        Args:
            states: the states after the last parts.
            rows: the number of rows, int32 `()`.
        """
        raise NotImplementedError

    def add_batch_axis(self, raw: Any) -> tuple[Any, ...]:
        """Returns a raw batch with a single raw input from a dataset."""
        return (raw[None],)

    @abc.abstractmethod
    def to_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """Returns the raw batch of a user's inputs; raises `DataError` for inputs that are not of this kind."""

    def as_file(self, raw: Any) -> tuple[str, bytes]:
        """Returns a raw input of a dataset as a file: extension and content; ("", b"") if no format holds it."""
        return ("txt", raw) if isinstance(raw, bytes) else ("", b"")

    @abc.abstractmethod
    def dummy_input(self, number: int) -> Any:
        """Returns a synthetic raw input, which depends on `number`, for checks without data."""

    def longer_than(self, inputs: Sequence[Any]) -> Any:
        """Returns a raw input that is longer than all of `inputs`; only for inputs that vary in length."""
        raise NotImplementedError

    def resources(self) -> list[Any]:
        """Returns the layers whose lookup tables the reader uses, and which an export must include."""
        return []

    def save(self, folder: Path) -> None:  # noqa: B027  Most readers learn nothing.
        """Writes what `fit` learned to `folder`, as plain text."""

    def load(self, folder: Path | Member) -> None:  # noqa: B027
        """Reads the files that `save` wrote."""


def require(condition: Any, message: str, *values: Any) -> Any:
    """Returns the first of `values`; raises TensorFlow's `InvalidArgumentError` unless `condition` is true.

    Args:
        condition: a boolean scalar tensor.
        message: the message of the error, which is followed by the values.
        *values: tensors. In a graph, everything that depends on the result runs after the check.
    """
    with tf.control_dependencies([tf.debugging.Assert(condition, [message, *values])]):
        return tf.identity(values[0])


def read_file(path: Any) -> bytes:
    """Returns the content of a file that a user named; raises `DataError` if it cannot be read."""
    try:
        return Path(path).expanduser().read_bytes()
    except IsADirectoryError:
        raise DataError(
            f"{str(path)!r} is a folder, but a file is expected. To predict all files in it: "
            "zoo predict RUN --input DIR."
        ) from None
    # `expanduser` raises RuntimeError for the home folder of an unknown user.
    except (OSError, TypeError, ValueError, RuntimeError) as error:
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise DataError(f"The file {str(path)!r} cannot be read: {reason}. Name a file that exists.") from None
