"""From raw examples to batches of tensors."""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks._repeated_inputs import read_once, share_of_new
from keras_rnn_zoo.tasks.task import Task

BOUNDARIES = [round(8 * 1.25**power) for power in range(60)]
"""Lengths that batches are padded to on backends that compile the model for each shape."""

_POOLS, _MAX_POOL_BYTES, _MAX_PADDING = (1, 2, 4, 8, 16, 32, 64, 100), 2**29, 0.05
"""Length bucketing: pools of N batches of shuffled examples are sorted by length and cut into batches. N is the
smallest of `_POOLS` that leaves at most this fraction of padding, within this many bytes of memory.

Small pools keep batches close to random, which trains best; sorting only saves work on padding.
"""

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
        data: a `tf.data.Dataset` of `(inputs, targets)`, or of `(inputs, targets, references)`.
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
    examples: Any, task: Task, batch_size: int, shuffle_seed: int | None = None, references: bool = False
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

    Returns:
        The `Batches` of the split.

    Raises:
        DataError: an example cannot be preprocessed.
    """
    prepare = _preprocessing(task, task.example, references)
    # A subclass with an `example` of its own may make more of the raw input than `read` does.
    repeats = task.repeats_inputs and type(task).example is Task.example
    if repeats:
        tensors = _mapped(read_once(examples, task), _preprocessing(task, task.with_target, references))
    else:
        tensors = _mapped(examples, prepare)
    with _translate_example_errors():
        example_bytes, total_bytes = _memory((parts for _, parts in tensors.take(_SAMPLE_SIZE)), examples)
        # Inputs that examples share are in memory once, and are almost all of it.
        share = share_of_new(examples.take(_SAMPLE_SIZE)) if repeats else 1.0
        if cached := total_bytes * share <= _MAX_CACHE_BYTES:
            tensors = tensors.cache()
        # This pass also fills the cache.
        all_lengths = [
            batch.numpy() for batch in tensors.map(_without_autograph(lambda lengths, parts: lengths)).batch(1024)
        ]
    lengths = np.concatenate([np.zeros((0, *tensors.element_spec[0].shape), "int64"), *all_lengths])
    data, epoch = tensors.enumerate(), None
    if shuffle_seed is not None:
        with tf.device("CPU:0"):  # The input pipeline reads it there.
            epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        buffer = max(len(lengths), 1) if total_bytes <= _MAX_CACHE_BYTES else _shuffle_buffer(examples)
        if cached or (repeats and buffer * share * example_bytes <= _MAX_CACHE_BYTES):
            data = _shuffle_by_epoch(epoch, data, buffer, shuffle_seed)
        else:
            data = _shuffle_by_epoch(epoch, examples.enumerate(), buffer, shuffle_seed)
            data = _mapped(data, lambda index, example: (index, prepare(*example)))
    padding = 0.0
    if task.variable_length:
        # All images cost the same, however long the text about them, and diverse batches suit batch normalization.
        pools = _POOLS if task.reader.variable else (1,)
        fitting = [n for n in pools if n == 1 or n * batch_size * example_bytes <= _MAX_POOL_BYTES]
        pool, padding = _choose_pool(lengths, batch_size, fitting)
        bucket_sizes = _bucket_sizes(tensors, task, lengths)
        data = _bucketed(data, task, batch_size, pool, bucket_sizes, shuffled=shuffle_seed is not None)
    else:
        data = data.map(_without_autograph(lambda index, example: example[1])).batch(batch_size)
    count = -(-len(lengths) // batch_size)
    data = data.apply(tf.data.experimental.assert_cardinality(count)).prefetch(tf.data.AUTOTUNE)
    return Batches(data, count, len(lengths), padding, epoch)


def _preprocessing(task: Task, example: Callable[[Any, Any], Any], references: bool) -> Callable[[Any, Any], Any]:
    """Returns a function from an input and a target to lengths and tensors; `example` makes the tensors."""

    def prepare(inputs: Any, target: Any) -> tuple[Any, tuple[Any, ...]]:
        parts = example(inputs, target)
        lengths = tf.cast(tf.stack(task.lengths(*parts)), tf.int64)
        return lengths, (*parts, target) if references else parts

    return prepare


def _without_autograph(function: Callable[..., Any]) -> Any:
    """Returns a function that TensorFlow traces without AutoGraph, whose conversion takes longer than the tracing."""
    return tf.autograph.experimental.do_not_convert(function)


def _mapped(data: Any, function: Callable[..., Any]) -> Any:
    return data.map(_without_autograph(function), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _shuffle_by_epoch(epoch: Any, data: Any, buffer_size: int, seed: int) -> Any:
    """Returns `data` shuffled on each iteration, in an order that depends on `seed` and the current `epoch` only."""

    def shuffled(_: Any) -> Any:
        # An op combines its own seed with that of its graph; a graph seed of zero would mean "no seed".
        tf.compat.v1.set_random_seed(1 + seed % (2**31 - 2))
        return data.shuffle(buffer_size, seed=epoch.read_value(), reshuffle_each_iteration=False)

    return tf.data.Dataset.from_tensors(0).flat_map(_without_autograph(shuffled))


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


def _bucket_sizes(tensors: Any, task: Task, lengths: Any) -> tuple[list[int], int] | None:
    """Returns the lengths that inputs are padded to and the one length for targets, or `None` to pad to the longest.

    JAX compiles a program for every shape, so it gets only a few of them. A target length of 0 stands for that of the
    inputs.
    """
    if keras.backend.backend() != "jax":
        return None
    longest = int(lengths.max(initial=1))
    target_length = 0
    if not task.targets_match_input_length:
        sizes = tensors.map(_without_autograph(lambda lengths, parts: tf.size(parts[1])))
        target_length = int(sizes.reduce(0, tf.maximum))
    return [*(boundary for boundary in BOUNDARIES if boundary < longest), longest], target_length


def _bucketed(
    data: Any, task: Task, batch_size: int, pool: int, bucket_sizes: tuple[list[int], int] | None, *, shuffled: bool
) -> Any:
    """Batches `(index, (lengths, example))` by length: pools of examples are sorted by length and cut into batches.

    Examples with equal first lengths are sorted by the next one. If the examples are shuffled, so are the batches of a
    pool.
    """
    specs = data.element_spec[1][1]
    padding_values = _padding_values(specs, task)

    def cut(indices: Any, examples: Any) -> Any:
        lengths, parts = examples
        order = tf.argsort(_sort_key(lengths), stable=True)
        starts = tf.range(tf.size(order, tf.int64), delta=batch_size)
        if shuffled:
            # Order batches by a hash of the index of their first example, which differs between epochs and depends on
            # the seed only.
            firsts = tf.gather(indices, tf.gather(order, starts))
            starts = tf.gather(starts, tf.argsort(tf.strings.to_hash_bucket_fast(tf.strings.as_string(firsts), 2**31)))

        def batch(start: Any) -> Any:
            chosen = tf.sort(order[start : start + batch_size])
            padded_lengths: list[Any] = [None] * len(specs)
            if bucket_sizes:
                sizes, target_length = bucket_sizes
                steps = tf.reduce_max(tf.gather(lengths, chosen))
                size = tf.gather(sizes, tf.searchsorted(tf.constant(sizes, tf.int64), steps[None]))[0]
                padded_lengths[:2] = size, target_length or size
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

    return data.ragged_batch(pool).flat_map(_without_autograph(cut))


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
        *(_padding_value(spec, 0) for spec in references),
    )


def _padding_value(spec: Any, integer_padding: int) -> Any:
    if spec.dtype == tf.string:
        return ""
    return tf.constant(np.nan if spec.dtype.is_floating else integer_padding, spec.dtype)


def _choose_pool(lengths: Any, batch_size: int, batch_counts: list[int]) -> tuple[int, float]:
    """Returns the number of examples in a pool, and the fraction of padding that it leaves."""
    for count in batch_counts:
        pool = count * batch_size
        padding = _padding_fraction(lengths, batch_size, pool)
        if padding <= _MAX_PADDING:
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
