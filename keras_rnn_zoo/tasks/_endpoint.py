"""The endpoints of an export: functions from raw inputs to predictions."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keras_rnn_zoo.lazy import np, tf


@dataclass(frozen=True)
class Endpoint:
    """A callable of an exported model.

    Attributes:
        call: the function of the tensors of a batch, in TensorFlow ops; returns outputs by name.
        signature: the named `tf.TensorSpec`s of its arguments.
        defaults: values of optional arguments by name; they are the last ones.
        sample: converts a raw batch of the default endpoint to arguments; by default, they are the same.
    """

    call: Callable[..., dict[str, Any]]
    signature: Sequence[Any]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    sample: Callable[..., Sequence[Any]] = lambda *raw: raw

    def named(self) -> Callable[..., dict[str, Any]]:
        """Returns the function with a signature of named arguments and defaults, which TensorFlow inspects."""

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


def guard_batch(
    predict: Callable[..., Mapping[str, Any]], valid_rows: Callable[..., Any]
) -> Callable[..., dict[str, Any]]:
    """Returns a function of raw batches that also accepts empty batches and rows with invalid inputs.

    Args:
        predict: function from a batch with at least one row to predictions by name, each `(batch, ...)`.
        valid_rows: function that returns a boolean mask `(batch,)` of the rows with valid inputs, or `None` if all are
            valid. The predictions for the other rows are blank: strings are empty, floats NaN, integers 0.
    """

    def call(*raw: Any) -> dict[str, Any]:
        batch = tf.shape(raw[0])[0]
        # Convolutions and argmax over frames fail on an empty batch.
        raw = tuple(_one_row_or_more(values, batch) for values in raw)
        rows = valid_rows(*raw)
        return {name: _blanked(values, rows)[:batch] for name, values in predict(*raw).items()}

    return call


def _one_row_or_more(values: Any, batch: Any) -> Any:
    if not len(values.shape):
        return values
    missing = [[0, tf.maximum(1 - batch, 0)], *[[0, 0]] * (len(values.shape) - 1)]
    return tf.pad(values, missing, constant_values=tf.zeros([], values.dtype))


def _blanked(values: Any, rows: Any) -> Any:
    if rows is None:
        return values
    values = tf.convert_to_tensor(values)  # With other backends, a score is a NumPy array.
    filler = "" if values.dtype == tf.string else np.nan if values.dtype.is_floating else 0
    rows = tf.reshape(rows, tf.concat([tf.shape(rows), tf.ones(len(values.shape) - 1, tf.int32)], 0))
    return tf.where(rows, values, tf.constant(filler, values.dtype))


def inputs_by_name(model: Any) -> dict[str, Any]:
    """Returns the input tensors of a Keras model by name, also of a model with a single one."""
    return dict(model.input) if isinstance(model.input, dict) else {model.input.name: model.input}


def logits_endpoint(model: Any, model_inputs: Callable[..., Any]) -> Endpoint:
    """Returns the endpoint from the inputs of a model to its logits.

    Args:
        model: a Keras model.
        model_inputs: function from a raw batch to these inputs.
    """
    several, tensors = isinstance(model.input, dict), inputs_by_name(model)
    signature = [tf.TensorSpec(tensor.shape, tensor.dtype, name=name) for name, tensor in tensors.items()]

    def call(*values: Any) -> dict[str, Any]:
        return {"logits": model(dict(zip(tensors, values, strict=True)) if several else values[0], training=False)}

    def sample(*raw: Any) -> list[Any]:
        inputs = model_inputs(*raw)
        return [tf.cast(inputs[spec.name] if several else inputs, spec.dtype) for spec in signature]

    return Endpoint(call, signature, sample=sample)


def classes_endpoint(classes: Sequence[str]) -> Endpoint:
    """Returns the endpoint from class indices to the names of the classes; all names for no index."""

    def call(numbers: Any) -> dict[str, Any]:
        names, every = tf.constant(classes), tf.range(len(classes))
        return {"names": tf.gather(names, tf.cond(tf.size(numbers) > 0, lambda: numbers, lambda: every))}

    none = tf.zeros([0], tf.int32)
    signature = [tf.TensorSpec([None], tf.int32, name="numbers")]
    return Endpoint(call, signature, {"numbers": none}, sample=lambda *raw: [none])
