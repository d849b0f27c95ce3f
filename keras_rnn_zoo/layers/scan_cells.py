"""The cells that `keras_rnn_zoo.layers.scan` runs: one step forward, and its gradient.

The forward step returns the pre-activations of the gates as residuals. The backward step recomputes the gates from
them, which is faster than storing the gates.
"""

from typing import Any, Protocol

import tensorflow as tf


class Cell(Protocol):
    """The interface of a cell for a scan.

    `z_in` is `x W + b`; `z_rec` is `h U`, in a GRU plus the recurrent bias. Both are `(batch, gates * units)`; states
    are `(batch, units)`.
    """

    @staticmethod
    def forward(z_in: Any, z_rec: Any, states: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Returns the residuals for `backward` and the next states, the output first."""

    @staticmethod
    def backward(
        residuals: tuple[Any, ...], states: tuple[Any, ...], grads: tuple[Any, ...]
    ) -> tuple[Any, Any, tuple[Any, ...]]:
        """Returns the gradients w.r.t. `z_in`, `z_rec` and the previous states.

        The latter cover the direct path only; the caller adds the path through `z_rec`.

        Args:
            residuals: the residuals that `forward` returned.
            states: the states before the step.
            grads: the gradients w.r.t. the states after the step.
        """


class LSTMCell:
    """An LSTM (Hochreiter and Schmidhuber 1997) with forget gates (Gers et al. 2000); gates in Keras's order."""

    @staticmethod
    def _gates(z):
        i, f, g, o = tf.split(z, 4, axis=-1)
        return tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)

    @staticmethod
    def forward(z_in, z_rec, states):
        z = z_in + z_rec
        i, f, g, o = LSTMCell._gates(z)
        c = f * states[1] + i * g
        return (z,), (o * tf.tanh(c), c)

    @staticmethod
    def backward(residuals, states, grads):
        i, f, g, o = LSTMCell._gates(residuals[0])
        dh, dc = grads
        c = tf.tanh(f * states[1] + i * g)
        dc += dh * o * (1 - c * c)
        dz = [dc * g * i * (1 - i), dc * states[1] * f * (1 - f), dc * i * (1 - g * g), dh * c * o * (1 - o)]
        dz = tf.concat(dz, axis=-1)
        return dz, dz, (tf.zeros_like(dh), dc * f)


class GRUCell:
    """A GRU (Cho et al. 2014) that applies the reset gate after the matrix product, as cuDNN and Keras do.

    The gates are in Keras's order.
    """

    @staticmethod
    def forward(z_in, z_rec, states):
        (in_z, in_r, in_g), (rec_z, rec_r, rec_g) = (tf.split(z, 3, axis=-1) for z in (z_in, z_rec))
        residuals = (in_z + rec_z, in_r + rec_r, in_g, rec_g)
        z, r = tf.sigmoid(residuals[0]), tf.sigmoid(residuals[1])
        return residuals, (z * states[0] + (1 - z) * tf.tanh(in_g + r * rec_g),)

    @staticmethod
    def backward(residuals, states, grads):
        z, r = tf.sigmoid(residuals[0]), tf.sigmoid(residuals[1])
        g = tf.tanh(residuals[2] + r * residuals[3])
        (dh,) = grads
        dz = dh * (states[0] - g) * z * (1 - z)
        dg = dh * (1 - z) * (1 - g * g)
        dr = dg * residuals[3] * r * (1 - r)
        return tf.concat([dz, dr, dg], axis=-1), tf.concat([dz, dr, dg * r], axis=-1), (dh * z,)


class SimpleCell:
    """A simple recurrent cell (Elman 1990)."""

    @staticmethod
    def forward(z_in, z_rec, states):  # noqa: ARG004  The cells share signatures.
        z = z_in + z_rec
        return (z,), (tf.tanh(z),)

    @staticmethod
    def backward(residuals, states, grads):  # noqa: ARG004
        h = tf.tanh(residuals[0])
        dz = grads[0] * (1 - h * h)
        return dz, dz, (tf.zeros_like(dz),)
