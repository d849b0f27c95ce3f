"""Runs a recurrence over a sequence in blocks of a few steps, as a loop of TensorFlow.

What a block does is a function of Keras ops, which runs its steps one after another:

    block(inputs, mask, states, weights) -> (outputs, states)

`inputs` is a list of tensors `(batch, steps, width)`, `mask` boolean `(batch, steps, 1)` or `None`, and `states` and
`weights` are lists of tensors. The function runs as many steps as the inputs have. It is hashable, as programs are
compiled once for each.

- `block_scan` is for training on TensorFlow's CPU: a forward loop and a backward loop, each compiled by XLA. The
  forward loop keeps the states before each group of blocks. The backward loop runs the blocks of a group again from
  these, and then differentiates one after another, from the last. So memory doesn't grow with the size of the state
  times the number of steps, and a recurrence needs no gradient of its own.
- `plain_scan` is for inference: a loop that nothing has to compile, for any shape.
"""

import functools

import tensorflow as tf

from keras_rnn_zoo.frameworks.keras_internals import dynamic_slice, dynamic_update_slice
from keras_rnn_zoo.layers.compiled import compiled, pad, padded_to_blocks
from keras_rnn_zoo.layers.loops import while_loop


def block_scan(block, inputs, mask, states, weights, *, steps, group=1):
    """Runs a recurrence over a sequence, in a form that trains on TensorFlow's CPU.

    Args:
        block: the function of a block; see above.
        inputs: a list of float32 or float64 `(batch, time, width)`.
        mask: boolean `(batch, time)`, or `None`.
        states: the initial states, a list of `(batch, size)`.
        weights: a list of tensors that all steps use.
        steps: the number of steps in a block.
        group: the number of blocks in a group. With one, no block runs again only for its states.

    Returns:
        The outputs, `(batch, time, width)`, and the list of final states.
    """
    masks = [] if mask is None else [mask]
    states = [tf.convert_to_tensor(state) for state in states]
    return _differentiable(block, steps, group, fixed=not tf.executing_eagerly())(inputs, masks, states, weights)


@functools.cache
def _differentiable(block, steps, group, fixed):
    """Returns the function that runs and differentiates a recurrence, including padding and cutting.

    It is a separate `tf.function` for the reasons given in `keras_rnn_zoo.layers.scan._differentiable`.
    """
    forward = compiled(functools.partial(_forward, block, steps, group))
    backward = compiled(functools.partial(_backward, block, steps, group))

    @functools.partial(tf.function, autograph=False)
    @tf.custom_gradient
    def run(inputs, masks, states, weights):
        batch, time = tf.unstack(tf.shape(inputs[0])[:2])
        x, real, sequence_sizes, state_sizes = padded_to_blocks(inputs, masks, steps, fixed)
        outputs, final, before = forward(x, real, [pad(state, state_sizes) for state in states], weights)

        def gradient(d_outputs, *d_final):
            d_outputs, d_last = pad(d_outputs, sequence_sizes), [pad(grad, state_sizes) for grad in d_final]
            d_x, d_states, d_weights = backward(x, real, before, weights, d_outputs, d_last)
            d_inputs = [grad[:batch, :time] for grad in d_x]
            return *d_inputs, *([None] * len(masks)), *(grad[:batch] for grad in d_states), *d_weights

        return (outputs[:batch, :time], [state[:batch] for state in final]), gradient

    return run


def _read(values, start, steps):
    """Returns a block of `values`: `(batch, time, width)` to `(batch, steps, width)`."""
    batch, _, width = tf.unstack(tf.shape(values))
    return tf.ensure_shape(dynamic_slice(values, [0, start, 0], [batch, steps, width]), [None, steps, values.shape[2]])


def _write(values, start, block):
    return dynamic_update_slice(values, block, tf.stack([0, start, 0]))


def _write_states(kept, index, states):
    return [_write(values, index, state[:, None]) for values, state in zip(kept, states, strict=True)]


def _states_at(kept, index):
    return [tf.ensure_shape(_read(values, index, 1)[:, 0], [None, values.shape[2]]) for values in kept]


def _inputs_of(x, real, index, steps):
    """Returns the inputs and the mask of a block."""
    masks = [_read(values, index * steps, steps) for values in real]
    return [_read(values, index * steps, steps) for values in x], masks[0] if masks else None


def _forward(block, steps, group, x, real, states, weights):
    """Returns the outputs, the final states, and the states before each group, each `(batch, groups, size)`."""
    batch, time = tf.unstack(tf.shape(x[0])[:2])
    blocks = time // steps
    groups = -(-blocks // group)
    tiny = [tf.zeros([1, 1, values.shape[2]], values.dtype) for values in x]
    width = block(tiny, None, [state[:1] for state in states], weights)[0].shape[2]

    def one_block(index, states, outputs):
        block_outputs, states = block(*_inputs_of(x, real, index, steps), states, weights)
        return index + 1, states, _write(outputs, index * steps, block_outputs)

    def one_group(index, states, before, outputs):
        before, end = _write_states(before, index, states), tf.minimum((index + 1) * group, blocks)
        variables = (index * group, states, outputs)
        _, states, outputs = while_loop(lambda place, *_: place < end, one_block, variables)
        return index + 1, states, before, outputs

    before = [tf.zeros([batch, groups, state.shape[1]], state.dtype) for state in states]
    variables = (tf.constant(0), states, before, tf.zeros([batch, time, width], x[0].dtype))
    _, states, before, outputs = while_loop(lambda index, *_: index < groups, one_group, variables)
    return outputs, states, before


def _backward(block, steps, group, x, real, before, weights, d_outputs, d_states):
    """Returns the gradients w.r.t. the inputs, the initial states and the weights."""
    blocks = tf.shape(x[0])[1] // steps

    def states_of_group(first, states, end):
        """Returns the states before each block of a group, each `(batch, group, size)`."""

        def again(index, states, kept):
            kept = _write_states(kept, index - first, states)
            return index + 1, block(*_inputs_of(x, real, index, steps), states, weights)[1], kept

        kept = [tf.zeros([tf.shape(state)[0], group, state.shape[1]], state.dtype) for state in states]
        _, states, kept = while_loop(lambda index, *_: index < end - 1, again, (first, states, kept))
        return _write_states(kept, end - 1 - first, states)

    def one_block(first, kept, index, d_states, d_x, d_weights):
        inputs, mask = _inputs_of(x, real, index, steps)
        states, used = _states_at(kept, index - first), [tf.identity(weight) for weight in weights]
        with tf.GradientTape() as tape:
            tape.watch([inputs, states, used])
            outputs, after = block(inputs, mask, states, used)
        grads = tape.gradient(
            [outputs, *after],
            [inputs, states, used],
            output_gradients=[_read(d_outputs, index * steps, steps), *d_states],
            unconnected_gradients="zero",
        )
        d_x = [_write(values, index * steps, grad) for values, grad in zip(d_x, grads[0], strict=True)]
        return index - 1, grads[1], d_x, [total + grad for total, grad in zip(d_weights, grads[2], strict=True)]

    def one_group(index, *d_values):
        first, end = index * group, tf.minimum((index + 1) * group, blocks)
        kept = states_of_group(first, _states_at(before, index), end)
        step = functools.partial(one_block, first, kept)
        return index - 1, *while_loop(lambda place, *_: place >= first, step, (end - 1, *d_values))[1:]

    zeros = [tf.zeros_like(values) for values in x], [tf.zeros_like(weight) for weight in weights]
    variables = (-(-blocks // group) - 1, d_states, *zeros)
    _, d_states, d_x, d_weights = while_loop(lambda index, *_: index >= 0, one_group, variables)
    return d_x, d_states, d_weights


def plain_scan(block, inputs, mask, states, weights, *, steps):
    """Runs a recurrence over a sequence by TensorFlow's own ops; arguments and results as for `block_scan`."""
    batch, time = tf.unstack(tf.shape(inputs[0])[:2])
    blocks = -(-time // steps)
    real = tf.ones([batch, time], tf.bool) if mask is None else mask

    def cut(values):  # (batch, time, width) to an array of (batch, steps, width)
        values = tf.pad(values, [[0, 0], [0, blocks * steps - time], [0, 0]])
        cut_values = tf.reshape(values, [batch, blocks, steps, values.shape[2]])
        return tf.TensorArray(values.dtype, blocks).unstack(tf.transpose(cut_values, [1, 0, 2, 3]))

    arrays = [cut(values) for values in (*inputs, real[:, :, None])]
    outputs = tf.TensorArray(inputs[0].dtype, blocks)

    states = [tf.convert_to_tensor(state) for state in states]

    def step(index, states, outputs):
        *now, is_real = [array.read(index) for array in arrays]
        block_outputs, states = block(now, is_real, states, weights)
        return index + 1, states, outputs.write(index, block_outputs)

    variables = (tf.constant(0), states, outputs)
    _, states, outputs = while_loop(lambda index, *_: index < blocks, step, variables)
    outputs = outputs.stack()  # (blocks, batch, steps, width)
    outputs = tf.reshape(tf.transpose(outputs, [1, 0, 2, 3]), [batch, blocks * steps, outputs.shape[3]])
    return tf.ensure_shape(outputs[:, :time], [*inputs[0].shape[:2], outputs.shape[2]]), states
