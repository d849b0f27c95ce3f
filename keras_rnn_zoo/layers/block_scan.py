"""Runs a recurrence over a sequence as a loop of TensorFlow, with a few steps in each iteration.

What a block of steps does is a function of Keras ops, which runs them one after another:

    block(inputs, mask, states, weights) -> (outputs, states)

`inputs` is a list of tensors `(batch, steps, width)`, `mask` boolean `(batch, steps, 1)` or `None`, and `states` and
`weights` are lists of tensors. The function runs as many steps as the inputs have. It is hashable, as programs are
compiled once for each.

- `block_scan` is for training on TensorFlow's CPU: a forward loop and a backward loop, each compiled by XLA. The
  forward loop keeps the states before each step. The backward loop runs each step again from these, the last one
  first, and differentiates it. So a recurrence needs no gradient of its own. Each step is a block by itself: XLA
  vectorizes no kernel that writes several steps side by side.
- `plain_scan` is for inference: a loop that nothing has to compile, for any shape.
"""

import functools

import tensorflow as tf

from keras_rnn_zoo.layers.compiled import compiled, pad, padded_to_blocks
from keras_rnn_zoo.layers.loops import step_at, while_loop, with_step


def block_scan(block, inputs, mask, states, weights, *, steps):
    """Runs a recurrence over a sequence, in a form that trains on TensorFlow's CPU.

    Args:
        block: the function of a block; see above.
        inputs: a list of float32 or float64 `(batch, time, width)`.
        mask: boolean `(batch, time)`, or `None`.
        states: the initial states, a list of `(batch, size)`.
        weights: a list of tensors that all steps use.
        steps: the number of steps in an iteration.

    Returns:
        The outputs, `(batch, time, width)`, and the list of final states.
    """
    masks = [] if mask is None else [mask]
    states = [tf.convert_to_tensor(state) for state in states]
    return _differentiable(block, steps, fixed=not tf.executing_eagerly())(inputs, masks, states, weights)


@functools.cache
def _differentiable(block, steps, fixed):
    """Returns the function that runs and differentiates a recurrence, including padding and cutting.

    It is a separate `tf.function` for the reasons given in `keras_rnn_zoo.layers.scan._differentiable`.
    """
    forward = compiled(functools.partial(_forward, block, steps))
    backward = compiled(functools.partial(_backward, block, steps))

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


def _block_at(x, real, time):
    """Returns the inputs and the mask of a step, as a block of one step."""
    masks = [step_at(values, time)[:, None] for values in real]
    return [step_at(values, time)[:, None] for values in x], masks[0] if masks else None


def _forward(block, steps, x, real, states, weights):
    """Returns the outputs, the final states, and the states before each step, each `(batch, time, size)`."""
    batch, count = tf.unstack(tf.shape(x[0])[:2])
    tiny = [tf.zeros([1, 1, values.shape[2]], values.dtype) for values in x]
    width = block(tiny, None, [state[:1] for state in states], weights)[0].shape[2]

    def some_steps(start, states, before, outputs):
        for time in (start + number for number in range(steps)):
            before = [with_step(values, time, state) for values, state in zip(before, states, strict=True)]
            output, states = block(*_block_at(x, real, time), states, weights)
            outputs = with_step(outputs, time, output[:, 0])
        return start + steps, states, before, outputs

    before = [tf.zeros([batch, count, state.shape[1]], state.dtype) for state in states]
    variables = (tf.constant(0), states, before, tf.zeros([batch, count, width], x[0].dtype))
    _, states, before, outputs = while_loop(lambda start, *_: start < count, some_steps, variables)
    return outputs, states, before


def _backward(block, steps, x, real, before, weights, d_outputs, d_states):
    """Returns the gradients w.r.t. the inputs, the initial states and the weights."""
    batch, count = tf.unstack(tf.shape(x[0])[:2])
    # One copy of a vector for each sequence, as XLA is slow at sums over a batch within a loop.
    copies = [tf.repeat(weight[None], batch, axis=0) if len(weight.shape) == 1 else weight for weight in weights]

    def one_step(time, d_states, d_x, d_weights):
        inputs, mask = _block_at(x, real, time)
        states, used = [step_at(values, time) for values in before], [tf.identity(weight) for weight in copies]
        with tf.GradientTape() as tape:
            tape.watch([inputs, states, used])
            output, after = block(inputs, mask, states, used)
        grads = tape.gradient(
            [output, *after],
            [inputs, states, used],
            output_gradients=[step_at(d_outputs, time)[:, None], *d_states],
            unconnected_gradients="zero",
        )
        d_x = [with_step(values, time, grad[:, 0]) for values, grad in zip(d_x, grads[0], strict=True)]
        return grads[1], d_x, [total + grad for total, grad in zip(d_weights, grads[2], strict=True)]

    def some_steps(end, *grads):
        for time in (end - number for number in range(steps)):
            grads = one_step(time, *grads)
        return end - steps, *grads

    zeros = [tf.zeros_like(values) for values in x], [tf.zeros_like(weight) for weight in copies]
    _, d_states, d_x, d_weights = while_loop(lambda end, *_: end >= 0, some_steps, (count - 1, d_states, *zeros))
    pairs = zip(d_weights, weights, strict=True)
    return d_x, d_states, [tf.reduce_sum(grad, 0) if len(weight.shape) == 1 else grad for grad, weight in pairs]


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
