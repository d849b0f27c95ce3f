"""What an export offers: callables from raw input to answers."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keras_rnn_zoo.lazy import np, tf


@dataclass(frozen=True)
class Endpoint:
    """A callable of an exported model.

    Attributes:
        call: the function of the tensors of a batch, in TensorFlow ops; gives answers by name.
        signature: the `tf.TensorSpec`s of its arguments, named.
        defaults: values of arguments that may be left out, by name; they are the last ones.
        sample: makes its arguments of a raw batch of the default endpoint; by default that batch is the arguments.
    """

    call: Callable[..., dict[str, Any]]
    signature: Sequence[Any]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    sample: Callable[..., Sequence[Any]] = lambda *raw: raw

    def named(self) -> Callable[..., dict[str, Any]]:
        """Returns the function under the names and defaults of its arguments, as TensorFlow reads them."""

        def call(*arguments: Any) -> dict[str, Any]:
            return self.call(*arguments)

        parameters = [
            inspect.Parameter(
                spec.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=self.defaults.get(spec.name, _REQUIRED)
            )
            for spec in self.signature
        ]
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return call

    def plain(self) -> "Endpoint":
        """Returns the endpoint without the arguments that have defaults."""
        required = [spec for spec in self.signature if spec.name not in self.defaults]

        def call(*arguments: Any) -> dict[str, Any]:
            return self.call(*arguments, *self.defaults.values())

        return Endpoint(call, required, sample=lambda *raw: self.sample(*raw)[: len(required)])


_REQUIRED = inspect.Parameter.empty


def guard_batch(answer: Callable[..., Mapping[str, Any]], usable: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Returns a function of raw batches that may be empty, or hold what is no input.

    Args:
        answer: the function of a batch of one row or more, to answers by name, each `(batch, ...)`.
        usable: the function that gives the rows which hold an input, boolean `(batch,)`, or `None` where all do.
            The answers to the other rows are emptied: strings are empty, numbers NaN, counts 0.
    """

    def call(*raw: Any) -> dict[str, Any]:
        batch = tf.shape(raw[0])[0]
        # Convolutions, and searches for the best frame, fail on a batch of no rows.
        raw = tuple(_one_row_or_more(values, batch) for values in raw)
        rows = usable(*raw)
        return {name: _blanked(values, rows)[:batch] for name, values in answer(*raw).items()}

    return call


def _one_row_or_more(values: Any, batch: Any) -> Any:
    if not len(values.shape):
        return values
    missing = [[0, tf.maximum(1 - batch, 0)], *[[0, 0]] * (len(values.shape) - 1)]
    return tf.pad(values, missing, constant_values=tf.constant("" if values.dtype == tf.string else 0, values.dtype))


def _blanked(values: Any, rows: Any) -> Any:
    if rows is None:
        return values
    values = tf.convert_to_tensor(values)  # On another backend, a score is an array of NumPy's.
    filler = "" if values.dtype == tf.string else np.nan if values.dtype.is_floating else 0
    rows = tf.reshape(rows, tf.concat([tf.shape(rows), tf.ones(len(values.shape) - 1, tf.int32)], 0))
    return tf.where(rows, values, tf.constant(filler, values.dtype))
