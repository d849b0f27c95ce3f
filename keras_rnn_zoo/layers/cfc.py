"""The closed-form continuous-time network (Hasani et al. 2022)."""

import keras
from keras import ops

from keras_rnn_zoo.layers.cell_layer import CellLayer
from keras_rnn_zoo.layers.step_cell import StepCell


class CfCCell(StepCell):
    """One step of a `CfC`: from inputs `(batch, features)` and the state `(batch, units)` to the next state.

    The next state is also the output.
    """

    def __init__(self, units, backbone_units=128, backbone_layers=1, elapsed=None, **kwargs):
        super().__init__(units, **kwargs)
        if backbone_layers < 1:
            raise ValueError(f"Argument backbone_layers must be 1 or more. Received: {backbone_layers}")
        self.backbone_units, self.backbone_layers, self.elapsed = backbone_units, backbone_layers, elapsed

    def options(self):
        return {name: getattr(self, name) for name in ("backbone_units", "backbone_layers", "elapsed")}

    def build(self, input_shape):
        features, width, units = input_shape[-1], self.backbone_units, self.units
        if self.elapsed is not None:
            if not -features <= self.elapsed < features:
                raise ValueError(
                    f"Argument elapsed must be the index of one of {features} features. Received: {self.elapsed}"
                )
            features -= 1
        # One matrix for inputs and state together, as in the authors' code, has the same scale.
        self.kernel = self.add_weight(shape=(features, width), initializer=_part_of(features + units), name="kernel")
        self.recurrent_kernel = self.add_weight(
            shape=(units, width), initializer=_part_of(features + units), autocast=False, name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=(width,), initializer="zeros", name="bias")
        self.inner = []

        def precise(shape, name, initializer="zeros"):
            return self.add_weight(shape=shape, initializer=initializer, autocast=False, name=name)

        for number in range(2, self.backbone_layers + 1):
            self.inner.append(precise((width, width), f"kernel_{number}", "glorot_uniform"))
            self.inner.append(precise((width,), f"bias_{number}"))
        self.head_kernel = precise((width, 4 * units), "head_kernel", _heads)
        self.head_bias = precise((4 * units,), "head_bias")

    def sums(self, inputs):
        """Returns the part of the first layer's pre-activations that is of the inputs, followed by the elapsed time."""
        if self.elapsed is None:
            elapsed = ops.ones_like(inputs[..., :1])
        else:
            at = self.elapsed % inputs.shape[-1]
            elapsed = inputs[..., at : at + 1]
            inputs = ops.concatenate([inputs[..., :at], inputs[..., at + 1 :]], axis=-1)
        return ops.concatenate([ops.matmul(inputs, self.kernel) + self.bias, elapsed], axis=-1)

    def recurrent_weights(self):
        return [self.recurrent_kernel, *self.inner, self.head_kernel, self.head_bias]

    @staticmethod
    def step(z, states, weights):
        gates = CfCCell.gates(z, states, weights)
        h = (1 - gates["time"]) * gates["early"] + gates["time"] * gates["late"]
        return h, [h]

    @staticmethod
    def gates(z, states, weights):
        """Returns the gates by name, each `(batch, units)`."""
        recurrent_kernel, *inner, head_kernel, head_bias = weights
        x, elapsed = z[..., :-1], z[..., -1:]
        x = _lecun_tanh(x + ops.matmul(states[0], recurrent_kernel))
        for kernel, bias in zip(inner[::2], inner[1::2], strict=True):
            x = _lecun_tanh(ops.matmul(x, kernel) + bias)
        early, late, rate, offset = ops.split(ops.matmul(x, head_kernel) + head_bias, 4, axis=-1)
        return {
            "time": ops.sigmoid(rate * elapsed + offset),
            "early": ops.tanh(early),
            "late": ops.tanh(late),
        }


def _lecun_tanh(x):
    """Returns the hyperbolic tangent, scaled as in LeCun et al. 1998, "Efficient BackProp"."""
    return 1.7159 * ops.tanh(0.666 * x)


def _part_of(rows):
    """Returns an initializer for some of the rows of a matrix: Glorot's uniform one for the whole matrix."""

    def initializer(shape, dtype=None):
        limit = (6 / (rows + shape[1])) ** 0.5
        return keras.random.uniform(shape, -limit, limit, dtype=dtype)

    return initializer


def _heads(shape, dtype=None):
    """Initializes the matrices of the four heads, each by Glorot's uniform initializer."""
    limit = (6 / (shape[0] + shape[1] // 4)) ** 0.5
    return keras.random.uniform(shape, -limit, limit, dtype=dtype)


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class CfC(CellLayer):
    """The closed-form continuous-time network (Hasani et al. 2022, "Closed-form Continuous-time Neural Networks").

    The state moves from `g` to `h` as time passes: `x[t] = (1 - s) g + s h`, where `s` is the sigmoid of `a dt + b`,
    `dt` is the time that has elapsed, and `g`, `h`, `a` and `b` are layers on top of a small network, the backbone,
    that reads the input and the state before (as in the authors' code for PyTorch, `g` and `h` end in a hyperbolic
    tangent).

    Args:
        units: size of the state and the output.
        backbone_units: width of the layers of the backbone.
        backbone_layers: number of its layers.
        elapsed: the index of the input's feature that holds the time since the step before, for sequences with uneven
            time stamps. The backbone doesn't read it. By default, the time between steps is 1.
        **kwargs: arguments of `keras.layers.RNN`: `return_sequences`, `return_state`, `go_backwards`, `stateful`.

    Example:
        >>> x, elapsed = keras.ops.ones((2, 5, 3)), keras.ops.ones((2, 5, 1)) / 2
        >>> tuple(CfC(8, elapsed=-1)(keras.ops.concatenate([x, elapsed], axis=-1)).shape)
        (2, 8)
    """

    def __init__(self, units, backbone_units=128, backbone_layers=1, elapsed=None, **kwargs):
        cell = CfCCell(units, backbone_units, backbone_layers, elapsed, dtype=kwargs.get("dtype"), name="cell")
        super().__init__(cell, **kwargs)
