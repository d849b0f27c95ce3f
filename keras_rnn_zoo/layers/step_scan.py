"""Runs any cell over a sequence, given one step of it as a function: for cells that read the state to compute gates.

What a step reads of the input is computed for all steps beforehand. On TensorFlow, `keras_rnn_zoo.layers.block_scan`
runs the steps, and differentiates each by itself; on other backends, Keras's scan.

`keras_rnn_zoo.layers.scan` is for cells whose only product with the state is one with a whole matrix; it stores more,
and computes the gradient of that matrix in one product after the loop.
"""

import functools

import keras
from keras import ops

from keras_rnn_zoo.layers.block_scan import block_scan, plain_scan
from keras_rnn_zoo.layers.compiled import scans_train_here


def step_scan(step, z, mask, states, weights, *, block, training):
    """Runs a step over a sequence. Masked steps keep the states.

    Args:
        step: a function of `z` of one step, `(batch, width)`, the list of states and the list of weights, which returns
            the output `(batch, units)` and the list of new states. It is the same object in every call, since programs
            are compiled for each, and finite at any masked step, since gradients are multiplied there by zero.
        z: what steps read of the input, `(batch, time, width)`.
        mask: boolean `(batch, time)`, true at real steps, or `None`.
        states: the states before the first step, each `(batch, size)`.
        weights: the tensors that steps read besides.
        block: the number of steps in an iteration of the loop on TensorFlow.
        training: whether to run the programs that XLA compiles for each shape, where there are such.

    Returns:
        The outputs `(batch, time, units)`, which are arbitrary at masked steps, and the list of final states.
    """
    if keras.backend.backend() == "tensorflow":
        run = block_scan if training and scans_train_here(z) else plain_scan
        return run(_blocks(step), [z], mask, states, weights, steps=block)

    def body(states, now):
        output, after = _advance(step, now[0], now[1:], states, weights)
        return after, output

    sequences = [z] if mask is None else [z, ops.expand_dims(mask, -1)]
    sequences = [ops.transpose(part, (1, 0, 2)) for part in sequences]  # (time, batch, width)
    final, outputs = ops.scan(body, states, sequences)
    return ops.transpose(outputs, (1, 0, 2)), final


@functools.cache
def _blocks(step):
    """Returns the function of a block of steps that runs them one after another."""

    def block(inputs, mask, states, weights):
        outputs = []
        for number in range(inputs[0].shape[1]):
            real = [] if mask is None else [mask[:, number]]
            output, states = _advance(step, inputs[0][:, number], real, states, weights)
            outputs.append(output)
        return ops.stack(outputs, axis=1), states

    return block


def _advance(step, z, masks, states, weights):
    """Returns the output and the states after a step, given the mask of the step, `(batch, 1)`, if there is one."""
    output, after = step(z, list(states), weights)
    for is_real in masks:
        after = [ops.where(is_real, *pair) for pair in zip(after, states, strict=True)]
    return output, after
