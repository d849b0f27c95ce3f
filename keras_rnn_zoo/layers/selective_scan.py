"""Runs the recurrence of Mamba over a sequence, in a form that trains on TensorFlow's CPU.

`h[t] = exp(s[t] A) h[t-1] + u[t] B[t]` and `y[t] = C[t] h[t]`, where each of the `width` channels has `state_dim`
numbers as its state. The states of all steps would take `state_dim` times the memory of the outputs, so the forward
loop keeps only the state before each group of `GROUP` steps. The backward loop visits the groups from the last: it runs
the steps of a group again, keeps their states and factors, and then goes through them backward. Both loops are compiled
by XLA. Two things make it fast on a CPU:

- No sum over many numbers within an iteration, which XLA computes one number after another, repeating what leads to
  each: sums over the channels become `_LANES` partial sums, and those over the batch wait for the end.
- The state is an array `(batch, state_dim, width)`. If it were flat, as outside of this module, the indices of each
  number would have to be computed by divisions.
"""

import functools

import tensorflow as tf

from keras_rnn_zoo.layers.compiled import compiled, pad, padded_to_blocks
from keras_rnn_zoo.layers.loops import step_at, while_loop, with_step

GROUP = 8
"""The number of steps in a group."""
_LANES = 8
"""The number of partial sums over the channels; one if it doesn't divide `width`."""


def selective_scan(step_size, u, into, out_of, state, rate):
    """Runs the recurrence.

    A step with a step size and an input of zero keeps the state, which is how callers mask steps.

    Args:
        step_size: `s`, float32 or float64 `(batch, time, width)`.
        u: the inputs of the channels times their step sizes, `(batch, time, width)`.
        into: `B`, `(batch, time, state_dim)`.
        out_of: `C`, `(batch, time, state_dim)`.
        state: the initial state, `(batch, state_dim, width)`.
        rate: `A`, `(state_dim, width)`.

    Returns:
        The outputs, `(batch, time, width)`, and the final state.
    """
    run = _differentiable(fixed=not tf.executing_eagerly())
    return run(step_size, u, into, out_of, tf.convert_to_tensor(state), rate)


@functools.cache
def _differentiable(fixed):
    """Returns the function that runs and differentiates the recurrence, including padding and cutting.

    It is a separate `tf.function` for the reasons given in `keras_rnn_zoo.layers.scan._differentiable`.
    """
    forward, backward = compiled(_forward), compiled(_backward)

    @functools.partial(tf.function, autograph=False)
    @tf.custom_gradient
    def run(step_size, u, into, out_of, state, rate):
        batch, time = tf.unstack(tf.shape(u)[:2])
        # Steps of padding are zero, so they keep the state.
        x, _, sequence_sizes, state_sizes = padded_to_blocks([step_size, u, into, out_of], [], GROUP, fixed)
        y, final, kept = forward(x, pad(state, state_sizes), rate)

        def gradient(d_y, d_final):
            d_y, d_final = pad(d_y, sequence_sizes), pad(d_final, state_sizes)
            d_step_size, d_u, d_into, d_out_of, d_state, d_rate = backward(x, kept, rate, d_y, d_final)
            grads = d_step_size, d_u, tf.reduce_sum(d_into, axis=3), tf.reduce_sum(d_out_of, axis=3)
            return *(grad[:batch, :time] for grad in grads), d_state[:batch], tf.reduce_sum(d_rate, axis=0)

        return (y[:batch, :time], final[:batch]), gradient

    return run


def _next_state(x, time, state, rate):
    """Returns the state after a step, and the factor that it multiplied the state by."""
    step_size, u, into, _ = (step_at(values, time) for values in x)
    factor = tf.exp(step_size[:, None] * rate)
    return factor * state + u[:, None] * into[:, :, None], factor


def _forward(x, state, rate):
    """Returns the outputs, the final state, and the state before each group, `(batch, groups, state_dim, width)`."""

    def step(time, state, y):
        state, _ = _next_state(x, time, state, rate)
        return time + 1, state, with_step(y, time, tf.reduce_sum(state * step_at(x[3], time)[:, :, None], axis=1))

    def group(index, state, y, kept):
        end, kept = (index + 1) * GROUP, with_step(kept, index, state)
        _, state, y = while_loop(lambda time, *_: time < end, step, (index * GROUP, state, y))
        return index + 1, state, y, kept

    batch, groups = tf.shape(state)[0], tf.shape(x[1])[1] // GROUP
    variables = (tf.constant(0), state, tf.zeros_like(x[1]), _states(batch, groups, state))
    _, state, y, kept = while_loop(lambda index, *_: index < groups, group, variables)
    return y, state, kept


def _states(batch, steps, like):
    return tf.zeros([batch, steps, *like.shape[1:]], like.dtype)


def _backward(x, kept, rate, d_y, d_state):
    """Returns the gradients w.r.t. `s`, `u`, `B`, `C`, the initial state, and `A`.

    Those of `B` and `C` are partial sums over the channels, `(batch, time, state_dim, lanes)`, and that of `A` is one
    for each sequence, `(batch, state_dim, width)`.
    """
    state_dim, width = rate.shape
    lanes = _LANES if width % _LANES == 0 else 1
    batch, time = tf.unstack(tf.shape(d_y)[:2])

    def over_channels(values):  # (batch, state_dim, width) to (batch, state_dim, lanes)
        return tf.reduce_sum(tf.reshape(values, [-1, state_dim, width // lanes, lanes]), axis=2)

    def again(first, time, states, factors):
        after, factor = _next_state(x, time, step_at(states, time - first), rate)
        return time + 1, with_step(states, time - first + 1, after), with_step(factors, time - first, factor)

    def step(first, states, factors, time, d_state, d_s, d_u, d_into, d_out_of, d_rate):
        step_size, u, into, out_of, d_output = (step_at(values, time) for values in (*x, d_y))
        place = time - first
        before, after, factor = step_at(states, place), step_at(states, place + 1), step_at(factors, place)
        d_after = d_state + d_output[:, None] * out_of[:, :, None]
        d_state = d_after * factor
        d_exponent = d_state * before
        return (
            time - 1,
            d_state,
            with_step(d_s, time, tf.reduce_sum(d_exponent * rate, axis=1)),
            with_step(d_u, time, tf.reduce_sum(d_after * into[:, :, None], axis=1)),
            with_step(d_into, time, over_channels(d_after * u[:, None])),
            with_step(d_out_of, time, over_channels(after * d_output[:, None])),
            d_rate + d_exponent * step_size[:, None],
        )

    def group(index, *grads):
        first = index * GROUP
        states = with_step(_states(batch, GROUP + 1, d_state), 0, step_at(kept, index))
        variables = (first, states, _states(batch, GROUP, d_state))
        _, states, factors = while_loop(
            lambda time, *_: time < first + GROUP, functools.partial(again, first), variables
        )
        one_step = functools.partial(step, first, states, factors)
        return index - 1, *while_loop(lambda time, *_: time >= first, one_step, (first + GROUP - 1, *grads))[1:]

    partial = tf.zeros([batch, time, state_dim, lanes], d_y.dtype)
    grads = (d_state, tf.zeros_like(d_y), tf.zeros_like(d_y), partial, partial, tf.zeros_like(d_state))
    _, d_state, *grads, d_rate = while_loop(lambda index, *_: index >= 0, group, (time // GROUP - 1, *grads))
    return *grads, d_state, d_rate
