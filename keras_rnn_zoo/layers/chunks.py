"""Sequences cut into chunks of steps, for cells with a matrix as memory.

Within a chunk, all steps are computed at once, by products of matrices. From chunk to chunk, a loop hands on the
memory.
"""

import math

import keras
import tensorflow as tf
from keras import ops

from keras_rnn_zoo.layers.loops import while_loop

_SHORTEST, _LONGEST = 16, 64
"""Steps of a chunk. Work within chunks grows with their length, and that of the loop with the size of a matrix and
their number. So chunks are as long as a matrix has rows, from the first of these to the second."""


def heads_of(units, heads):
    """Returns a number of heads that divides `units`: the given one, or if it is `None`, 4, 2 or 1."""
    if heads is None:
        return math.gcd(units, 4)
    if heads < 1 or units % heads:
        raise ValueError(f"Argument heads must divide units. Received: heads={heads}, units={units}")
    return heads


def cut(values, rows, fill=0.0):
    """Cuts `(batch, time, heads, ...)` into chunks, `(chunks, batch * heads, length, ...)`.

    Args:
        values: the tensor, with an axis for the values of a head, or none.
        rows: number of rows of a head's matrix.
        fill: the value of the steps that complete the last chunk.
    """
    time, heads, *rest = _shape(values)[1:]
    longest = min(max(rows, _SHORTEST), _LONGEST)
    length = max(1, min(time, longest)) if isinstance(time, int) else tf.clip_by_value(time, 1, longest)
    count = -(-time // length)
    values = ops.pad(values, [[0, 0], [0, count * length - time], *[[0, 0]] * (1 + len(rest))], constant_values=fill)
    values = ops.reshape(values, (-1, count, length, heads, *rest))
    values = ops.transpose(values, (1, 0, 3, 2, *range(4, 4 + len(rest))))  # (chunks, batch, heads, length, ...)
    return ops.reshape(values, (count, -1, length, *rest))


def not_later(values):
    """Returns which steps `s` are not after steps `t` of a chunk: boolean `(t, s)`.

    Args:
        values: chunks, `(chunks, batch * heads, length, ...)`.
    """
    steps = ops.arange(ops.shape(values)[2])
    return ops.expand_dims(steps, 1) >= steps


def joined(chunks, time, heads):
    """Undoes `cut`: `(chunks, batch * heads, length, width)` to `(batch, time, heads * width)`."""
    count, _, length, width = _shape(chunks)
    values = ops.reshape(chunks, (count, -1, heads, length, width))
    values = ops.transpose(values, (1, 0, 3, 2, 4))  # (batch, chunks, length, heads, width)
    return ops.reshape(values, (-1, count * length, heads * width))[:, :time]


def over_chunks(step, states, sequences):
    """Runs a loop over the chunks.

    Args:
        step: a function of the list of states and the list of the chunk's tensors, which returns the new states.
        states: the states before the first chunk.
        sequences: the tensors of all chunks, each `(chunks, ...)`.

    Returns:
        The states before each chunk, each `(chunks, ...)`, and the final states.
    """
    if keras.backend.backend() != "tensorflow":
        final, before = ops.scan(lambda now, chunk: (step(now, chunk), now), list(states), list(sequences))
        return before, final
    # With several sequences, Keras's scan fails on TensorFlow if their length is not known when it is traced.
    count = tf.shape(sequences[0])[0]
    reads = [tf.TensorArray(part.dtype, count).unstack(part) for part in sequences]
    arrays = [tf.TensorArray(state.dtype, count, element_shape=state.shape) for state in states]

    def body(number, states, arrays):
        arrays = [array.write(number, state) for array, state in zip(arrays, states, strict=True)]
        after = step(list(states), [part.read(number) for part in reads])
        return number + 1, after, arrays

    _, final, arrays = while_loop(lambda number, *_: number < count, body, (tf.constant(0), list(states), arrays))
    return [array.stack() for array in arrays], list(final)


def _shape(values):
    """Returns the shape of a tensor, with tensors for the sizes that are unknown."""
    return [size if known is None else known for size, known in zip(ops.shape(values), values.shape, strict=True)]
