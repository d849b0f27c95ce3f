"""From raw examples to batches of tensors."""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.batching.buckets import (
    MAX_POOL_BYTES,
    POOLS,
    bucket_sizes_of,
    bucketed,
    choose_pool,
    without_autograph,
)
from keras_rnn_zoo.batching.repeated_inputs import read_once, share_of_new
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.tasks.task import Task

_MAX_CACHE_BYTES = 2**30
"""Preprocessed examples are cached in memory if they need at most this much; otherwise every epoch preprocesses them
again."""

_SHUFFLE_BUFFER, _MAX_SHUFFLE_BYTES = 10_000, 2**28
"""Without a cache, raw examples are shuffled in a buffer of this many examples, or as many as fit into this memory."""

_SAMPLE_SIZE = 32
"""Number of examples whose size is measured to estimate that of all."""


@dataclass(frozen=True)
class Batches:
    """Batches of one split.

    Attributes:
        data: a `tf.data.Dataset` of `(inputs, targets)`, or of `(inputs, targets, references)`, or of these and the
            places of the examples, int64 `(batch,)`.
        count: number of batches.
        examples: number of examples.
        padding: fraction of the steps that are padding, from 0 to 1.
        epoch: an int64 `tf.Variable` with the index of the epoch, which selects the order of the next iteration;
            `None` if the order is fixed.
    """

    data: Any
    count: int
    examples: int
    padding: float
    epoch: Any = None

    def rest(self, steps: int) -> Any:
        """Returns the remaining batches of an epoch after `steps` steps, as a `tf.data.Dataset`."""
        return self.data.skip(steps).apply(tf.data.experimental.assert_cardinality(self.count - steps))


def make_batches(
    examples: Any,
    task: Task,
    batch_size: int,
    shuffle_seed: int | None = None,
    references: bool = False,
    numbers: bool = False,
) -> Batches:
    """Preprocesses the examples of a split, only once if memory allows, and groups them into batches.

    If examples differ in length, each batch contains examples of similar length, padded to the longest of them.

    Args:
        examples: a `tf.data.Dataset` of `(raw, target)`.
        task: the task; its `example` method preprocesses the examples.
        batch_size: examples in a batch; the last batch of a pool may have fewer.
        shuffle_seed: seed of the order, which differs from epoch to epoch and depends only on the seed and the index
            of the epoch; `None` keeps the order of the examples within a pool.
        references: whether batches also contain the dataset's original targets, to score predictions against.
        numbers: whether they contain the places of their examples in the split as well, at the end.

    Returns:
        The `Batches` of the split.

    Raises:
        DataError: an example cannot be preprocessed.
    """

    def measured(example: Callable[..., tuple[Any, Any]]) -> Callable[..., tuple[Any, tuple[Any, ...]]]:
        def prepare(raw: Any, target: Any) -> tuple[Any, tuple[Any, ...]]:
            parts = example(raw, target)
            lengths = tf.cast(tf.stack(task.lengths(*parts)), tf.int64)
            return lengths, (*parts, target) if references else parts

        return prepare

    # A subclass with an `example` of its own may make more of the raw input than `read` does.
    repeats = task.repeats_inputs and type(task).example is Task.example
    if repeats:
        tensors = _mapped(read_once(examples, task), measured(task.with_target))
    else:
        tensors = _mapped(examples, measured(task.example))
    with _translate_example_errors():
        example_bytes, total = _memory((parts for _, parts in tensors.take(_SAMPLE_SIZE)), examples)
        # Inputs that examples share are in memory once, and are almost all of it.
        share = share_of_new(examples.take(_SAMPLE_SIZE)) if repeats else 1.0
        if cached := total * share <= _MAX_CACHE_BYTES:
            tensors = tensors.cache()
        # This pass also fills the cache.
        only_lengths = tensors.map(without_autograph(lambda lengths, parts: lengths))
        all_lengths = [batch.numpy() for batch in only_lengths.batch(1024)]
    lengths = np.concatenate([np.zeros((0, *tensors.element_spec[0].shape), "int64"), *all_lengths])
    data, epoch = tensors.enumerate(), None
    if numbers:
        data = data.map(without_autograph(lambda index, example: (index, (example[0], (*example[1], index)))))
    if shuffle_seed is not None:
        with tf.device("CPU:0"):  # The input pipeline reads it there.
            epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        among = max(len(lengths), 1) if total <= _MAX_CACHE_BYTES else _shuffle_buffer(examples)
        if cached or (repeats and among * share * example_bytes <= _MAX_CACHE_BYTES):
            data = _shuffle_by_epoch(epoch, data, among, shuffle_seed)
        else:
            data = _shuffle_by_epoch(epoch, examples.enumerate(), among, shuffle_seed)
            data = _mapped(data, lambda index, example: (index, measured(task.example)(*example)))
    padding = 0.0
    if task.variable_length:
        # All images cost the same, however long the text about them, and diverse batches suit batch normalization.
        pools = POOLS if task.reader.variable else (1,)
        fitting = [n for n in pools if n == 1 or n * batch_size * example_bytes <= MAX_POOL_BYTES]
        pool, padding = choose_pool(lengths, batch_size, fitting)
        bucket_sizes = bucket_sizes_of(tensors, task, lengths)
        data = bucketed(data, task, batch_size, pool, bucket_sizes, shuffled=shuffle_seed is not None)
    else:
        data = data.map(without_autograph(lambda index, example: example[1])).batch(batch_size)
    return _with_count(data, lengths, batch_size, padding, epoch)


def _with_count(data: Any, lengths: Any, batch_size: int, padding: float, epoch: Any) -> Batches:
    count = -(-len(lengths) // batch_size)
    data = data.apply(tf.data.experimental.assert_cardinality(count)).prefetch(tf.data.AUTOTUNE)
    return Batches(data, count, len(lengths), padding, epoch)


def _mapped(data: Any, function: Callable[..., Any]) -> Any:
    return data.map(without_autograph(function), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _shuffle_by_epoch(epoch: Any, data: Any, buffer_size: int, seed: int) -> Any:
    """Returns `data` shuffled on each iteration, in an order that depends on `seed` and the current `epoch` only."""

    def shuffled(_: Any) -> Any:
        # An op combines its own seed with that of its graph; a graph seed of zero would mean "no seed".
        tf.compat.v1.set_random_seed(1 + seed % (2**31 - 2))
        return data.shuffle(buffer_size, seed=epoch.read_value(), reshuffle_each_iteration=False)

    return tf.data.Dataset.from_tensors(0).flat_map(without_autograph(shuffled))


@contextlib.contextmanager
def _translate_example_errors() -> Iterator[None]:
    """Turns TensorFlow's error for an example that cannot be preprocessed into a `DataError`."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        # The op's message follows the path of the iterator; the name of the node is on later lines.
        fault = re.sub(r"^.*Iterator::\S+ (assertion failed: )?", "", error.message.splitlines()[0]).strip("[].")
        raise DataError(
            f"An example of the dataset cannot be used: {fault[:300]}. Correct or remove it in the data."
        ) from error


def _memory(sample: Iterable[Any], examples: Any) -> tuple[float, float]:
    """Estimates the bytes of a preprocessed example and of all of them, from a sample."""
    sizes = [sum(_bytes(part) for part in tf.nest.flatten(parts)) for parts in sample]
    count = int(examples.cardinality())
    if count < 0:
        count = int(examples.reduce(np.int64(0), lambda total, _: total + 1))
    mean = sum(sizes) / max(len(sizes), 1)
    return mean, mean * count


def _shuffle_buffer(examples: Any) -> int:
    """Returns the size of the buffer that raw examples are shuffled in, from the sizes of a sample."""
    sizes = [sum(_bytes(part) for part in tf.nest.flatten(parts)) for parts in examples.take(_SAMPLE_SIZE)]
    return max(min(_SHUFFLE_BUFFER, _MAX_SHUFFLE_BYTES * len(sizes) // max(sum(sizes), 1)), 1)


def _bytes(tensor: Any) -> int:
    return int(
        tf.reduce_sum(tf.strings.length(tensor)) if tensor.dtype == tf.string else tf.size(tensor) * tensor.dtype.size
    )
