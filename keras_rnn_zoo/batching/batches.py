"""From raw examples to batches of tensors."""

import contextlib
import copy
import functools
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
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks.task import Task

_MAX_CACHE_BYTES = 2**30
"""Preprocessed examples are cached in memory if they need at most this much; otherwise every epoch preprocesses them
again."""

_SHUFFLE_BUFFER, _MAX_SHUFFLE_BYTES = 10_000, 2**28
"""Without a cache, raw examples are shuffled in a buffer of this many examples, or as many as fit into this memory."""

_SAMPLE_SIZE = 32
"""Number of examples whose size is measured to estimate that of all."""

_TOGETHER, _FEW = 256, 4096
"""Number of examples that are preprocessed together, if the task can: most of the time of one alone is overhead.
For fewer examples than the second number, tracing the graphs of batches would take longer."""
_LENGTHS = 2**16
"""Number of examples whose lengths are measured if preprocessed examples are not kept."""


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
    prepared = _Prepared(examples, task, references)
    with _translate_example_errors():
        example_bytes, count = _memory((parts for _, parts in prepared.tensors.take(_SAMPLE_SIZE)), examples)
        total = example_bytes * count
        # Inputs that examples share are in memory once, and are almost all of it.
        share = share_of_new(examples.take(_SAMPLE_SIZE)) if prepared.repeats else 1.0
        if cached := total * share <= _MAX_CACHE_BYTES:
            prepared = prepared.cached()
        # This pass also fills the cache. In large data, a part of it is enough to choose how to make batches.
        lengths = prepared.lengths(None if cached or prepared.needs_all_lengths else _LENGTHS)
    if prepared.needs_all_lengths:
        count = len(lengths)
    data, epoch = prepared.tensors.enumerate(), None
    if numbers:
        data = data.map(without_autograph(lambda index, example: (index, (example[0], (*example[1], index)))))
    if shuffle_seed is not None:
        with tf.device("CPU:0"):  # The input pipeline reads it there.
            epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        among = max(count, 1) if total <= _MAX_CACHE_BYTES else _shuffle_buffer(examples)
        if cached or (prepared.repeats and among * share * example_bytes <= _MAX_CACHE_BYTES):
            data = _shuffle_by_epoch(epoch, data, among, shuffle_seed)
        else:
            data = prepared.numbered(_shuffle_by_epoch(epoch, examples.enumerate(), among, shuffle_seed))
    padding = 0.0
    if task.variable_length:
        # All images cost the same, however long the text about them, and diverse batches suit batch normalization.
        pools = POOLS if task.reader.variable else (1,)
        fitting = [n for n in pools if n == 1 or n * batch_size * example_bytes <= MAX_POOL_BYTES]
        pool, padding = choose_pool(lengths, batch_size, fitting)
        bucket_sizes = bucket_sizes_of(prepared.tensors, task, lengths)
        data = bucketed(data, task, batch_size, pool, bucket_sizes, shuffled=shuffle_seed is not None)
    else:
        data = data.map(without_autograph(lambda index, example: example[1])).batch(batch_size)
    return _with_count(data, count, batch_size, padding, epoch)


class _Prepared:
    """Preprocessed examples.

    Args:
        examples: a `tf.data.Dataset` of `(raw, target)`.
        task: the task.
        references: whether to keep the dataset's original targets.

    Attributes:
        repeats: whether consecutive examples share their input.
        tensors: a `tf.data.Dataset` of the lengths of an example and its parts, `(inputs, target)` or
            `(inputs, target, reference)`.
    """

    def __init__(self, examples: Any, task: Task, references: bool) -> None:
        self._task, self._references = task, references
        # A subclass with an `example` of its own may make more of the raw input than `read` does.
        self.repeats = task.repeats_inputs and type(task).example is Task.example
        self._batches = None
        self._together = reads_together(task) and not 0 <= int(examples.cardinality()) < _FEW
        if self._together:
            self._batches = _mapped(examples.batch(_TOGETHER), self._several)
            self.tensors = _each(self._batches)
        elif self.repeats:
            self.tensors = _mapped(read_once(examples, task), functools.partial(self._one, task.with_target))
        else:
            self.tensors = _mapped(examples, functools.partial(self._one, task.example))

    def _one(self, example: Callable[..., tuple[Any, Any]], raw: Any, target: Any) -> tuple[Any, tuple[Any, ...]]:
        parts = example(raw, target)
        lengths = tf.cast(tf.stack(self._task.lengths(*parts)), tf.int64)
        return lengths, (*parts, target) if self._references else parts

    def _several(self, raw: Any, targets: Any) -> tuple[Any, tuple[Any, ...]]:
        parts = self._task.examples(raw, targets)
        return parts[0].row_lengths()[:, None], (*parts, targets) if self._references else parts

    def numbered(self, examples: Any) -> Any:
        """Preprocesses a `tf.data.Dataset` of an index and an example, in the order in which they come."""
        if self._together:
            return _each(_mapped(examples.batch(_TOGETHER), lambda indices, pairs: (indices, self._several(*pairs))))
        return _mapped(examples, lambda index, pair: (index, self._one(self._task.example, *pair)))

    def cached(self) -> "_Prepared":
        """Returns the same examples, which are held in memory after the first pass."""
        kept = copy.copy(self)
        kept.tensors, kept._batches = self.tensors.cache(), None
        return kept

    @property
    def needs_all_lengths(self) -> bool:
        """Whether every example must be preprocessed once: to find those that cannot be, or the longest one."""
        return not reads_together(self._task) or keras.backend.backend() == "jax"

    def lengths(self, most: int | None) -> Any:
        """Returns the lengths of all examples, or of about the `most` first ones: int64 `(examples, parts)`."""
        only_lengths = without_autograph(lambda lengths, parts: lengths)
        batches = self._batches
        found = batches.map(only_lengths) if batches else self.tensors.map(only_lengths).batch(_TOGETHER)
        none = np.zeros((0, *self.tensors.element_spec[0].shape), "int64")
        needed = found if most is None else found.take(-(-most // _TOGETHER))
        return np.concatenate([none, *(lengths.numpy() for lengths in needed)])


def reads_together(task: Task) -> bool:
    """Whether `task.examples` gives the results of `task.example`, for several examples in less time."""
    is_own = type(task).example is not Task.example or type(task).read is not Task.read
    return task.batched and task.reader.input == "text" and not is_own


def _each(data: Any) -> Any:
    """Returns the rows of batches that may be ragged, each as a plain tensor."""
    return data.unbatch().map(without_autograph(lambda *row: tf.nest.map_structure(tf.convert_to_tensor, row)))


def _with_count(data: Any, examples: int, batch_size: int, padding: float, epoch: Any) -> Batches:
    count = -(-examples // batch_size)
    data = data.apply(tf.data.experimental.assert_cardinality(count)).prefetch(tf.data.AUTOTUNE)
    return Batches(data, count, examples, padding, epoch)


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


def _memory(sample: Iterable[Any], examples: Any) -> tuple[float, int]:
    """Returns the mean bytes of a sample of preprocessed examples, and the number of all examples."""
    sizes = [sum(_bytes(part) for part in tf.nest.flatten(parts)) for parts in sample]
    count = int(examples.cardinality())
    if count < 0:
        count = int(examples.reduce(np.int64(0), lambda total, _: total + 1))
    return sum(sizes) / max(len(sizes), 1), count


def _shuffle_buffer(examples: Any) -> int:
    """Returns the size of the buffer that raw examples are shuffled in, from the sizes of a sample."""
    sizes = [sum(_bytes(part) for part in tf.nest.flatten(parts)) for parts in examples.take(_SAMPLE_SIZE)]
    return max(min(_SHUFFLE_BUFFER, _MAX_SHUFFLE_BYTES * len(sizes) // max(sum(sizes), 1)), 1)


def _bytes(tensor: Any) -> int:
    return int(
        tf.reduce_sum(tf.strings.length(tensor)) if tensor.dtype == tf.string else tf.size(tensor) * tensor.dtype.size
    )
