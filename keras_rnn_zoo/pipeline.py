"""From raw examples to batches of tensors."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks.task import Task

_SHORTEST_BUCKET, _BUCKET_GROWTH, _BUCKETS = 8, 1.25, 60
"""Each bucket holds lengths up to a quarter longer than the one before; the last one holds all that are longer."""

BOUNDARIES = [round(_SHORTEST_BUCKET * _BUCKET_GROWTH**power) for power in range(_BUCKETS)]

_CACHED_BYTES = 2**29
"""Preprocessed examples are kept in memory if they need no more than this; else they are made anew in each epoch."""

_SHUFFLED_UNCACHED, _SHUFFLED_BYTES = 10_000, 2**28
"""Raw examples to shuffle among where the preprocessed ones are not kept, and the memory that they may take."""


@dataclass(frozen=True)
class Batches:
    """Batches of one split.

    Attributes:
        data: a `tf.data.Dataset` of `(inputs, targets)`, or of `(inputs, targets, references)`.
        count: number of batches.
        examples: number of examples.
        padding: share of the steps that are padding, from 0 to 1.
    """

    data: Any
    count: int
    examples: int
    padding: float


def make_batches(
    examples: Any, task: Task, batch_size: int, shuffle_seed: int | None = None, references: bool = False
) -> Batches:
    """Preprocesses the examples of a split, once where memory allows, and makes batches of them.

    Where examples differ in length, a batch is made of ones of similar length, padded to its longest.

    Args:
        examples: a `tf.data.Dataset` of `(raw, target)`.
        task: whose `example` makes tensors of them.
        batch_size: examples in a batch; the last batch of a bucket has fewer.
        shuffle_seed: seed of the order, which is another one in each epoch; `None` keeps the order of the examples
            within a bucket.
        references: whether batches hold the data set's own targets, too, to score answers against.
    """

    def prepare(raw: Any, target: Any) -> tuple[Any, ...]:
        return (*task.example(raw, target), target) if references else task.example(raw, target)

    tensors = examples.map(prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    with _telling_of_unusable_examples():
        kept = _fits_in_memory(tensors, examples)
        if kept:
            tensors = tensors.cache()
        # This pass also fills the cache.
        parts = [batch.numpy() for batch in tensors.map(lambda *parts: task.length(*parts[:2])).batch(1024)]
    lengths = np.concatenate([np.zeros(0, "int64"), *parts])
    data = tensors
    if shuffle_seed is not None:
        if kept:
            data = data.shuffle(max(len(lengths), 1), seed=shuffle_seed)
        else:
            data = examples.shuffle(_shuffled(examples), seed=shuffle_seed).map(
                prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
            )
    data = _bucketed(data, task, batch_size, lengths) if task.bucketed else data.batch(batch_size)
    count, padding = _layout(lengths, batch_size) if task.bucketed else (-(-len(lengths) // batch_size), 0.0)
    data = data.apply(tf.data.experimental.assert_cardinality(count)).prefetch(tf.data.AUTOTUNE)
    return Batches(data, count, len(lengths), padding)


@contextlib.contextmanager
def _telling_of_unusable_examples() -> Iterator[None]:
    """Turns TensorFlow's error for an example that cannot be made tensors of into a `DataError`."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        # What the op says stands between the path of the iterator and, on further lines, the name of the node.
        fault = re.sub(r"^.*Iterator::\S+ (assertion failed: )?", "", error.message.splitlines()[0]).strip("[].")
        raise DataError(
            f"An example of the data set cannot be used: {fault[:300]}. Correct it in the data, or leave it out."
        ) from error


def _fits_in_memory(tensors: Any, examples: Any, sample: int = 32) -> bool:
    """Whether all preprocessed examples would need no more than `_CACHED_BYTES`, as a few of them suggest."""
    sizes = [sum(_bytes(part) for part in tf.nest.flatten(parts)) for parts in tensors.take(sample)]
    count = int(examples.cardinality())
    if count < 0:
        count = int(examples.reduce(np.int64(0), lambda total, _: total + 1))
    return sum(sizes) / max(len(sizes), 1) * count <= _CACHED_BYTES


def _shuffled(examples: Any, sample: int = 32) -> int:
    """Returns how many raw examples to shuffle among, as a few of them suggest."""
    sizes = [sum(_bytes(part) for part in tf.nest.flatten(parts)) for parts in examples.take(sample)]
    return max(min(_SHUFFLED_UNCACHED, _SHUFFLED_BYTES * len(sizes) // max(sum(sizes), 1)), 1)


def _bytes(tensor: Any) -> int:
    return int(
        tf.reduce_sum(tf.strings.length(tensor)) if tensor.dtype == tf.string else tf.size(tensor) * tensor.dtype.size
    )


def _bucketed(tensors: Any, task: Task, batch_size: int, lengths: Any) -> Any:
    # JAX compiles every shape anew, so it is given few of them.
    few_shapes = keras.backend.backend() == "jax"
    boundaries = [boundary for boundary in BOUNDARIES if boundary <= lengths.max(initial=1)]
    boundaries.append(int(lengths.max(initial=1)) + 1)
    inputs, targets, *references = tensors.element_spec
    shapes = tf.nest.map_structure(lambda spec: spec.shape, (inputs, targets, *references))
    if few_shapes and not task.aligned:  # Transcripts are shorter than recordings, and need not be padded as far.
        longest = tensors.map(lambda *parts: tf.size(parts[1])).reduce(0, tf.maximum)
        shapes = (shapes[0], tf.TensorShape([int(longest)]), *shapes[2:])
    return tensors.bucket_by_sequence_length(
        lambda *parts: task.length(*parts[:2]),
        bucket_boundaries=boundaries,
        bucket_batch_sizes=[batch_size] * (len(boundaries) + 1),
        padded_shapes=shapes,
        padding_values=(
            tf.nest.map_structure(lambda spec: _padding(spec, 0), inputs),
            _padding(targets, task.target_padding),
            *(_padding(spec, 0) for spec in references),
        ),
        pad_to_bucket_boundary=few_shapes,
    )


def _padding(spec: Any, of_integers: int) -> Any:
    if spec.dtype == tf.string:
        return ""
    return tf.constant(np.nan if spec.dtype.is_floating else of_integers, spec.dtype)


def _layout(lengths: Any, batch_size: int) -> tuple[int, float]:
    """Returns how many batches the buckets give, and the share of their steps that is padding."""
    buckets = np.searchsorted(BOUNDARIES, lengths, side="right")
    count, padded = 0, 0
    for bucket in np.unique(buckets):
        members = lengths[buckets == bucket]
        for start in range(0, len(members), batch_size):
            batch = members[start : start + batch_size]
            count, padded = count + 1, padded + len(batch) * int(batch.max())
    return count, 1 - int(lengths.sum()) / max(padded, 1)
