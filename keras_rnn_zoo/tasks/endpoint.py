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


def blanked(answers: Mapping[str, Any], usable: Any) -> dict[str, Any]:
    """Returns the answers to a batch without those to inputs that are none.

    In the rows where `usable`, boolean `(batch,)`, is false, strings are empty, numbers NaN and counts 0. All answers
    are kept where `usable` is `None`.
    """
    if usable is None:
        return dict(answers)

    def blank(values: Any) -> Any:
        values = tf.convert_to_tensor(values)
        filler = "" if values.dtype == tf.string else np.nan if values.dtype.is_floating else 0
        rows = tf.reshape(usable, tf.concat([tf.shape(usable), tf.ones(len(values.shape) - 1, tf.int32)], 0))
        return tf.where(rows, values, tf.constant(filler, values.dtype))

    return {name: blank(values) for name, values in answers.items()}
