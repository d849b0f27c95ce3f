"""Length bucketing: batches of examples of similar length, padded as little as the backend allows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks.task import Task

BOUNDARIES = [round(8 * 1.25**power) for power in range(60)]
"""Lengths that batches are padded to on backends that compile the model for each shape."""

POOLS, MAX_POOL_BYTES, MAX_PADDING = (1, 2, 4, 8, 16, 32, 64, 100), 2**29, 0.05
"""Length bucketing: pools of N batches of shuffled examples are sorted by length and cut into batches. N is the
smallest of `POOLS` that leaves at most this fraction of padding, within this many bytes of memory.

Small pools keep batches close to random, which trains best; sorting only saves work on padding.
"""


def without_autograph(function: Callable[..., Any]) -> Any:
    """Returns a function that TensorFlow traces without AutoGraph, whose conversion takes longer than the tracing."""
    return tf.autograph.experimental.do_not_convert(function)


def bucket_sizes_of(lengths: Any) -> list[int] | None:
    """Returns the lengths that inputs are padded to, or `None` to pad to the longest of a batch.

    JAX compiles a program for every shape, so it gets only a few of them.
    """
    if keras.backend.backend() != "jax":
        return None
    longest = int(lengths.max(initial=1))
    return [*(boundary for boundary in BOUNDARIES if boundary < longest), longest]


@dataclass(frozen=True)
class Cut:
    """How pools of examples are cut into batches of similar length.

    Examples with equal first lengths are sorted by the next one.

    Attributes:
        batch_size: examples in a batch; the last batch of a pool may have fewer.
        pool: examples in a pool.
        shuffled: whether the examples are shuffled. If so, the batches of a pool are, too.
    """

    batch_size: int
    pool: int
    shuffled: bool

    def __call__(self, indices: Any, lengths: Any) -> tuple[Any, Callable[[Any], Any]]:
        """Returns a value for each batch of a pool, in their order, and a function from such a value to the batch.

        Args:
            indices: the indices of the examples of the pool, int64 `(examples,)`.
            lengths: their lengths, int64 `(examples, kinds)`.

        Returns:
            An int64 tensor `(batches,)`, and a function from one of its values to the positions of the batch's examples
            in the pool, int32 `(batch,)`.
        """
        order = tf.argsort(_sort_key(lengths), stable=True)
        starts = tf.range(tf.size(order, tf.int64), delta=self.batch_size)
        if self.shuffled:
            # Order batches by a hash of the index of their first example, which differs between epochs and depends on
            # the seed only.
            firsts = tf.gather(indices, tf.gather(order, starts))
            starts = tf.gather(starts, tf.argsort(tf.strings.to_hash_bucket_fast(tf.strings.as_string(firsts), 2**31)))
        return starts, lambda start: tf.sort(order[start : start + self.batch_size])

    def indices(self, order: Any, lengths: Any) -> Any:
        """Returns the indices of the examples of each batch, as a `tf.data.Dataset` of int64 `(batch,)`.

        Args:
            order: a `tf.data.Dataset` of the indices of all examples, in the order in which pools are filled.
            lengths: the lengths of all examples, by index.
        """

        def cut(indices: Any) -> Any:
            starts, chosen = self(indices, tf.gather(lengths, indices))
            return tf.data.Dataset.from_tensor_slices(starts).map(
                without_autograph(lambda start: tf.gather(indices, chosen(start)))
            )

        return order.batch(self.pool).flat_map(without_autograph(cut))


def bucketed(data: Any, task: Task, cut: Cut, bucket_sizes: list[int] | None, longest_target: int) -> Any:
    """Batches `(index, (lengths, example))` by length.

    Args:
        data: a `tf.data.Dataset` of the examples.
        task: the task.
        cut: how they are batched.
        bucket_sizes: the result of `bucket_sizes_of`.
        longest_target: the length that targets are padded to if there are bucket sizes; 0 if it follows from that of
            the inputs, see `Task.target_steps`.
    """
    specs = data.element_spec[1][1]
    padding_values = _padding_values(specs, task)

    def batches(indices: Any, examples: Any) -> Any:
        lengths, parts = examples
        starts, places = cut(indices, lengths)

        def batch(start: Any) -> Any:
            chosen = places(start)
            padded_lengths: list[Any] = [None] * len(specs)
            if bucket_sizes:
                steps = tf.reduce_max(tf.gather(lengths, chosen))
                size = tf.gather(bucket_sizes, tf.searchsorted(tf.constant(bucket_sizes, tf.int64), steps[None]))[0]
                padded_lengths[:2] = size, longest_target or task.target_steps(size)
            return tuple(
                tf.nest.map_structure(
                    lambda values, spec, padding, length=length: _dense(
                        tf.gather(values, chosen), spec, padding, length
                    ),
                    *part,
                )
                for *part, length in zip(parts, specs, padding_values, padded_lengths, strict=True)
            )

        return tf.data.Dataset.from_tensor_slices(starts).map(batch, num_parallel_calls=tf.data.AUTOTUNE)

    return data.ragged_batch(cut.pool).flat_map(without_autograph(batches))


def _dense(values: Any, spec: Any, padding: Any, length: Any) -> Any:
    """Returns a batch padded to its longest example, or to `length` steps unless that is `None`."""
    if not isinstance(values, tf.RaggedTensor):
        return values
    batch = values.to_tensor(padding)
    if length is not None:
        missing = [[0, 0], [0, length - tf.shape(batch)[1]], *[[0, 0]] * (len(spec.shape) - 1)]
        batch = tf.pad(batch, missing, constant_values=padding)
    return tf.ensure_shape(batch, [None, *spec.shape])


def _sort_key(lengths: Any) -> Any:
    """Returns an int64 key `(examples,)` that sorts like the rows of `lengths`, `(examples, parts)`."""
    key = tf.zeros_like(lengths[:, 0])
    for column in tf.unstack(lengths, axis=1):
        key = key * 2**20 + column
    return key


def _padding_values(specs: Any, task: Task) -> Any:
    """Returns the value that pads each tensor of a batch, in the structure of `specs`."""
    inputs, targets, *references = specs
    return (
        tf.nest.map_structure(lambda spec: _padding_value(spec, 0), inputs),
        _padding_value(targets, task.target_padding),
        *(_padding_value(spec, task.target_padding) for spec in references),
    )


def _padding_value(spec: Any, integer_padding: int) -> Any:
    if spec.dtype == tf.string:
        return ""
    return tf.constant(np.nan if spec.dtype.is_floating else integer_padding, spec.dtype)


def choose_pool(lengths: Any, batch_size: int, batch_counts: list[int]) -> tuple[int, float]:
    """Returns the number of examples in a pool, and the fraction of padding that it leaves."""
    for count in batch_counts:
        pool = count * batch_size
        padding = _padding_fraction(lengths, batch_size, pool)
        if padding <= MAX_PADDING:
            break
    return pool, padding


def _padding_fraction(lengths: Any, batch_size: int, pool: int) -> float:
    """Returns the fraction of steps in all batches that are padding, for one random order of the examples."""
    shuffled = np.random.default_rng(0).permutation(lengths)
    padded = 0
    for start in range(0, len(shuffled), pool):
        members = shuffled[start : start + pool]
        members = members[np.lexsort(members.T[::-1])]
        for first in range(0, len(members), batch_size):
            batch = members[first : first + batch_size]
            padded += len(batch) * int(batch.max(axis=0).sum())
    return 1 - int(lengths.sum()) / max(padded, 1)
