"""An exponential moving average of the weights, which often generalizes better than the weights of the last step.

Polyak and Juditsky 1992, "Acceleration of Stochastic Approximation by Averaging". Keras's optimizers have `use_ema`,
but at the end of each `fit` they overwrite the weights that a resumed training has to continue with. And in a short
training, an average with a constant decay is still close to the initial weights.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from keras_rnn_zoo.lazy import np


class _Averaging:
    """The part of an optimizer that averages the weights after each step; `averages` are variables of the optimizer."""

    def set_decay(self, decay: float) -> Any:
        """Sets the decay of the average, and returns the optimizer."""
        self.average_decay = decay
        return self

    def build(self, variables: Any) -> None:
        super().build(variables)  # type: ignore[misc]
        add: Any = self.add_variable_from_reference  # type: ignore[attr-defined]
        averages = [add(variable, name="average") for variable in variables]
        for average, variable in zip(averages, variables, strict=True):
            average.assign(_copied(variable))
        # Bypass Keras's attribute tracking: the weights are not variables of the optimizer.
        object.__setattr__(self, "averaged", tuple(variables))
        object.__setattr__(self, "averages", tuple(averages))

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        super().apply(grads, trainable_variables)  # type: ignore[misc]
        steps = ops.cast(self.iterations, "float32")  # type: ignore[attr-defined]
        # At first, the average is that of the last steps, so that it does not keep the initial weights.
        decay = ops.minimum(self.average_decay, (1 + steps) / (10 + steps))
        averages: Any = self.averages  # type: ignore[attr-defined]
        for average, variable in zip(averages, self.averaged, strict=True):  # type: ignore[attr-defined]
            average.assign(average + (1 - ops.cast(decay, average.dtype)) * (variable - average))


def averaging(cls: type, decay: float, *arguments: Any, **options: Any) -> Any:
    """Returns an optimizer of a Keras class that also averages the weights.

    Args:
        cls: the class.
        decay: the decay of the average in a step, after a number of steps: with 0.999, the last 1,000 steps count most.
        *arguments: arguments of the class.
        **options: keyword arguments of the class.
    """
    return type(cls.__name__, (_Averaging, cls), {})(*arguments, **options).set_decay(decay)


class AveragedWeights(keras.callbacks.Callback):
    """Validates the averaged weights in place of those of the last step.

    Args:
        optimizer: the optimizer that `averaging` returned.
    """

    def __init__(self, optimizer: Any) -> None:
        super().__init__()
        self._optimizer = optimizer

    @contextlib.contextmanager
    def in_model(self) -> Iterator[None]:
        """Replaces the weights by their averages for the duration of a `with` block."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for average, variable in zip(self._optimizer.averages, self._optimizer.averaged, strict=True):
            value = _copied(variable)
            variable.assign(_copied(average))
            average.assign(value)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._swap()

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        self._swap()


def _copied(variable: Any) -> Any:
    """Returns the value of a variable in memory of its own: a step on JAX reuses that of its variables."""
    return np.array(ops.convert_to_numpy(variable.value))
