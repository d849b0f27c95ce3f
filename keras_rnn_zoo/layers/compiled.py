"""Support for loops that XLA compiles for TensorFlow's CPU: when they apply, their shapes, and how to launch them.

XLA compiles a separate program for every shape. If lengths vary, sequences are therefore padded to one of a few lengths
and batches to one of a few sizes; the true sizes are arguments of the program.
"""

import functools

import keras
import tensorflow as tf

from keras_rnn_zoo.frameworks.keras_internals import xla_launch

_SIZES = [4, 6, 8, 12, 16, 24, 32, 48, *(base * 2**power for power in range(4, 25) for base in (4, 5, 6, 7))]
"""The sizes that sequences and batches are padded to. More sizes would mean more compilations; the large ones are
closer together, because their padding takes more memory."""


def scans_train_here(sequences):
    """Returns whether compiled scans are used to train on these sequences: TensorFlow on CPU, float32 or float64."""
    return (
        keras.backend.backend() == "tensorflow"
        and not tf.config.list_logical_devices("GPU")
        and sequences.dtype in (tf.float32, tf.float64)
    )


def bucket_size(values, axis, fixed):
    """Returns the size to pad `values` to along an axis.

    Args:
        values: the tensor.
        axis: the axis to pad.
        fixed: whether a static size is the same in all calls and thus needs no padding.

    Returns:
        The static size if it is known and `fixed`; else an int32 scalar, the smallest sufficient one of a few sizes.
    """
    size = values.shape[axis]
    if fixed and size is not None:
        return size
    return tf.gather(_SIZES, tf.searchsorted(_SIZES, tf.shape(values)[axis][None]))[0]


def pad(values, sizes):
    """Pads `values` with zeros at the end of some axes.

    Args:
        values: the tensor.
        sizes: the size to pad to, by axis.

    Returns:
        The padded tensor; `values` itself if its static shape has these sizes already.
    """
    if all(isinstance(size, int) and size == values.shape[axis] for axis, size in sizes.items()):
        return values
    missing = {axis: size - tf.shape(values)[axis] for axis, size in sizes.items()}
    return tf.pad(values, [[0, missing.get(axis, 0)] for axis in range(len(values.shape))])


def column_sums(values):
    """Returns the sum of each column of a matrix: `(rows, columns)` to `(columns,)`."""
    # A matrix product is several times as fast as TensorFlow's sum over rows.
    return tf.matmul(tf.ones_like(values[:, :1]), values, transpose_a=True)[0]


def compiled(function):
    """Returns a function that runs `function`, compiled by XLA, as part of the graph that is being traced.

    `tf.function(jit_compile=True)` would do the same, but TensorFlow copies such a function's graphs into every graph
    that calls it and keeps them until the process ends: a megabyte per training.

    Args:
        function: a function of tensors, or of nested structures of them.
    """
    traced = tf.function(function, autograph=False)

    def run(*args):
        program, flat = traced.get_concrete_function(*args), tf.nest.flatten(args)
        results = tf.nest.flatten(program.structured_outputs)
        dtypes = [result.dtype for result in results]

        @functools.partial(tf.function, autograph=False)
        def launch(*flat):
            return xla_launch(program, flat, dtypes)

        # TensorFlow treats `XlaLaunch` as stateful and runs stateful ops one after another, so the two directions of a
        # bidirectional layer would not run in parallel. A call to a function that contains the op is not stateful.
        tensors = tf.raw_ops.PartitionedCall(args=flat, Tout=dtypes, f=launch.get_concrete_function(*flat))
        for tensor, result in zip(tensors, results, strict=True):
            tensor.set_shape(result.shape)
        return tf.nest.pack_sequence_as(program.structured_outputs, tensors)

    return run


def padded_to_blocks(inputs, masks, steps, fixed):
    """Pads sequences to whole blocks, and to a size of batch that programs are compiled for.

    Args:
        inputs: a list of `(batch, time, width)`.
        masks: a list with their boolean mask `(batch, time)`, or an empty one.
        steps: the number of steps in a block.
        fixed: as for `bucket_size`.

    Returns:
        The padded inputs, `(padded batch, padded time, width)`; a list with their mask, `(padded batch, padded time,
        1)`, empty if all steps are real; the sizes of padded sequences and of padded states, by axis.
    """
    batch, time = tf.unstack(tf.shape(inputs[0])[:2])
    blocks = -(-bucket_size(inputs[0], 1, fixed) // steps)
    sequence_sizes = {0: bucket_size(inputs[0], 0, fixed), 1: blocks * steps}
    x = [pad(values, sequence_sizes) for values in inputs]
    unmasked = [] if x[0] is inputs[0] else [tf.ones([batch, time], tf.bool)]  # The padding must be masked.
    real = [pad(mask, sequence_sizes)[:, :, None] for mask in masks or unmasked]
    return x, real, sequence_sizes, {0: sequence_sizes[0]}
