"""Loops that XLA compiles for TensorFlow's CPU: where they run, the sizes they are compiled for, how they are launched.

XLA compiles a program for every shape. Where lengths vary, sequences are therefore padded to one of a few lengths and
batches to one of a few sizes, and how much of them is real is an argument.
"""

import functools

import keras
import tensorflow as tf
from tensorflow.compiler.jit.ops.xla_ops import xla_launch

_SIZES = [4, 6, 8, 12, 16, 24, 32, 48, *(base * 2**power for power in range(4, 25) for base in (4, 5, 6, 7))]
"""The lengths and sizes that sequences and batches are padded to. Closer ones would take longer to compile; they are
closer where padding would take memory that counts."""


def scans_train_here(sequences):
    """Whether compiled scans train on these sequences: on a CPU, in single or double precision."""
    return (
        keras.backend.backend() == "tensorflow"
        and not tf.config.list_logical_devices("GPU")
        and sequences.dtype in (tf.float32, tf.float64)
    )


def bucket_size(values, axis, fixed):
    """Returns the size that `values` is padded to along an axis: one that is fixed, or the least of a few.

    Args:
        values: the tensor.
        axis: which of its axes.
        fixed: whether a size that is known when a graph is made is that of all calls, which then needs no padding.
    """
    size = values.shape[axis]
    if fixed and size is not None:
        return size
    return tf.gather(_SIZES, tf.searchsorted(_SIZES, tf.shape(values)[axis][None]))[0]


def pad(values, sizes):
    """Returns `values` with zeros after the end of each axis in `sizes`, which tells the size wanted.

    Where a graph's fixed sizes are those, `values` itself is returned.
    """
    if all(isinstance(size, int) and size == values.shape[axis] for axis, size in sizes.items()):
        return values
    lacking = {axis: size - tf.shape(values)[axis] for axis, size in sizes.items()}
    return tf.pad(values, [[0, lacking.get(axis, 0)] for axis in range(len(values.shape))])


def column_sums(values):
    """Returns the sums over the rows of a matrix."""
    # As a product; TensorFlow's sum over the rows takes several times as long.
    return tf.matmul(tf.ones_like(values[:, :1]), values, transpose_a=True)[0]


def compiled(function):
    """Returns what runs a function of tensors, compiled by XLA; to be called while a graph is traced.

    `tf.function(jit_compile=True)` does the same by a call. TensorFlow copies its graphs for each graph that has such a
    call, and keeps them until the process ends: a megabyte for each training.
    """
    traced = tf.function(function, autograph=False)

    def run(*args):
        program, flat = traced.get_concrete_function(*args), tf.nest.flatten(args)
        results = tf.nest.flatten(program.structured_outputs)
        dtypes = [result.dtype for result in results]

        @functools.partial(tf.function, autograph=False)
        def launch(*flat):
            return xla_launch(constants=[], args=flat, resources=[], Tresults=dtypes, function=program)

        # TensorFlow counts `XlaLaunch` as stateful and runs such ops one after another: one direction would wait for
        # the other. A call of what has it within does not count as such.
        found = tf.raw_ops.PartitionedCall(args=flat, Tout=dtypes, f=launch.get_concrete_function(*flat))
        for tensor, result in zip(found, results, strict=True):
            tensor.set_shape(result.shape)
        return tf.nest.pack_sequence_as(program.structured_outputs, found)

    return run
