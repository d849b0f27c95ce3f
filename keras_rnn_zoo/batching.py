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
"""The lengths that batches are padded to where each shape costs a compilation."""

_POOLS, _POOL_BYTES, _PADDING = (1, 2, 4, 8, 16, 32, 64, 100), 2**29, 0.05
"""Examples are sorted by length among as few batches as leave no more padding than this, if they fit in the memory.

Batches of examples drawn at random train best; sorting only saves work on padding.
"""

_CACHED_BYTES = 2**30
"""Preprocessed examples are kept in memory if they need no more than this; else they are made anew in each epoch."""

_SHUFFLED_UNCACHED, _SHUFFLED_BYTES = 10_000, 2**28
"""Raw examples to shuffle among where the preprocessed ones are not kept, and the memory that they may take."""

_SAMPLE = 32
"""Examples whose sizes stand for those of all."""


@dataclass(frozen=True)
class Batches:
    """Batches of one split.

    Attributes:
        data: a `tf.data.Dataset` of `(inputs, targets)`, or of `(inputs, targets, references)`.
        count: number of batches.
        examples: number of examples.
        padding: share of the steps that are padding, from 0 to 1.
        epoch: a `tf.Variable`, the epoch whose order the next iteration has; `None` where there is but one order.
    """

    data: Any
    count: int
    examples: int
    padding: float
    epoch: Any = None

    def rest(self, steps: int) -> Any:
        """Returns the batches of an epoch without the first `steps`, as a `tf.data.Dataset`."""
        return self.data.skip(steps).apply(tf.data.experimental.assert_cardinality(self.count - steps))


def make_batches(
    examples: Any, task: Task, batch_size: int, shuffle_seed: int | None = None, references: bool = False
) -> Batches:
    """Preprocesses the examples of a split, once where memory allows, and makes batches of them.

    Where examples differ in length, a batch is made of ones of similar length, padded to its longest.

    Args:
        examples: a `tf.data.Dataset` of `(raw, target)`.
        task: whose `example` makes tensors of them.
        batch_size: examples in a batch; the last batch of a bucket has fewer.
        shuffle_seed: seed of the order, which is another one in each epoch and follows from the seed and the number of
            the epoch alone; `None` keeps the order of the examples within a bucket.
        references: whether batches hold the data set's own targets, too, to score answers against.
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
        example_bytes, total = _memory((parts for _, parts in tensors.take(_SAMPLE)), examples)
        # Inputs that examples share are in memory once, and are almost all of it.
        share = share_of_new(examples.take(_SAMPLE)) if repeats else 1.0
        if kept := total * share <= _CACHED_BYTES:
            tensors = tensors.cache()
        # This pass also fills the cache.
        all_lengths = [batch.numpy() for batch in tensors.map(_as_it_is(lambda lengths, parts: lengths)).batch(1024)]
    lengths = np.concatenate([np.zeros((0, *tensors.element_spec[0].shape), "int64"), *all_lengths])
    data, epoch = tensors.enumerate(), None
    if shuffle_seed is not None:
        with tf.device("CPU:0"):  # Where the pipeline reads it.
            epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        among = max(len(lengths), 1) if total <= _CACHED_BYTES else _shuffled(examples)
        if kept or (repeats and among * share * example_bytes <= _CACHED_BYTES):
            data = _in_order_of(epoch, data, among, shuffle_seed)
        else:
            data = _in_order_of(epoch, examples.enumerate(), among, shuffle_seed)
            data = _mapped(data, lambda number, example: (number, measured(task.example)(*example)))
    padding = 0.0
    if task.variable_length:
        # An image costs as much whatever is written about it, and batches of unlike images suit batch normalization.
        pools = _POOLS if task.reader.variable else (1,)
        fitting = [n for n in pools if n == 1 or n * batch_size * example_bytes <= _POOL_BYTES]
        pool, padding = _pool(lengths, batch_size, fitting)
        rooms = _bucket_sizes(tensors, task, lengths)
        data = _of_similar_length(data, task, batch_size, pool, rooms, shuffled=shuffle_seed is not None)
    else:
        data = data.map(_as_it_is(lambda number, example: example[1])).batch(batch_size)
    count = -(-len(lengths) // batch_size)
    data = data.apply(tf.data.experimental.assert_cardinality(count)).prefetch(tf.data.AUTOTUNE)
    return Batches(data, count, len(lengths), padding, epoch)


def _as_it_is(function: Callable[..., Any]) -> Any:
    """Returns a function that TensorFlow traces without AutoGraph, which takes longer than the trace itself."""
    return tf.autograph.experimental.do_not_convert(function)


def _mapped(data: Any, function: Callable[..., Any]) -> Any:
    return data.map(_as_it_is(function), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _in_order_of(epoch: Any, data: Any, among: int, seed: int) -> Any:
    """Returns `data` shuffled anew whenever it is iterated, by a seed and by the number that `epoch` then holds."""

    def shuffled(_: Any) -> Any:
        # An op draws by the seed of its graph, for which zero stands for none, and by its own.
        tf.compat.v1.set_random_seed(1 + seed % (2**31 - 2))
        return data.shuffle(among, seed=epoch.read_value(), reshuffle_each_iteration=False)

    return tf.data.Dataset.from_tensors(0).flat_map(_as_it_is(shuffled))


@contextlib.contextmanager
def _translate_example_errors() -> Iterator[None]:
    """Turns TensorFlow's error for an example that cannot be made tensors of into a `DataError`."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        # What the op says stands between the path of the iterator and, on further lines, the name of the node.
        fault = re.sub(r"^.*Iterator::\S+ (assertion failed: )?", "", error.message.splitlines()[0]).strip("[].")
        raise DataError(
            f"An example of the data set cannot be used: {fault[:300]}. Correct it in the data, or leave it out."
        ) from error


def _memory(sample: Iterable[Any], examples: Any) -> tuple[float, float]:
    """Returns the bytes of a preprocessed example and those of all, as a few of them suggest."""
    sizes = [sum(_bytes(part) for part in tf.nest.flatten(parts)) for parts in sample]
    count = int(examples.cardinality())
    if count < 0:
        count = int(examples.reduce(np.int64(0), lambda total, _: total + 1))
    mean = sum(sizes) / max(len(sizes), 1)
    return mean, mean * count


def _shuffled(examples: Any) -> int:
    """Returns how many raw examples to shuffle among, as a few of them suggest."""
    sizes = [sum(_bytes(part) for part in tf.nest.flatten(parts)) for parts in examples.take(_SAMPLE)]
    return max(min(_SHUFFLED_UNCACHED, _SHUFFLED_BYTES * len(sizes) // max(sum(sizes), 1)), 1)


def _bytes(tensor: Any) -> int:
    return int(
        tf.reduce_sum(tf.strings.length(tensor)) if tensor.dtype == tf.string else tf.size(tensor) * tensor.dtype.size
    )


def _bucket_sizes(tensors: Any, task: Task, lengths: Any) -> tuple[list[int], int] | None:
    """Returns the lengths that batches are padded to, and of transcripts the only one; `None` for their own longest.

    JAX compiles every shape anew, so it is given few of them.
    """
    if keras.backend.backend() != "jax":
        return None
    longest = int(lengths.max(initial=1))
    of_targets = 0  # As long as the inputs beside them.
    if not task.targets_match_input_length:
        of_targets = int(tensors.map(_as_it_is(lambda lengths, parts: tf.size(parts[1]))).reduce(0, tf.maximum))
    return [*(boundary for boundary in BOUNDARIES if boundary < longest), longest], of_targets


def _of_similar_length(
    data: Any, task: Task, batch_size: int, pool: int, rooms: tuple[list[int], int] | None, *, shuffled: bool
) -> Any:
    """Makes batches of `(number, (lengths, example))`: pools of examples are sorted by their lengths, and then cut.

    Among examples that are alike in their first length, batches are made of ones alike in the next. Where examples come
    shuffled, so do the batches of a pool.
    """
    specs = data.element_spec[1][1]
    fillings = _fillings(specs, task)

    def cut(numbers: Any, examples: Any) -> Any:
        lengths, parts = examples
        order = tf.argsort(_joined(lengths), stable=True)
        starts = tf.range(tf.size(order, tf.int64), delta=batch_size)
        if shuffled:
            # By the first example of each batch: that is another one in each epoch, and the seed tells which.
            firsts = tf.gather(numbers, tf.gather(order, starts))
            starts = tf.gather(starts, tf.argsort(tf.strings.to_hash_bucket_fast(tf.strings.as_string(firsts), 2**31)))

        def batch(start: Any) -> Any:
            chosen = tf.sort(order[start : start + batch_size])
            widths: list[Any] = [None] * len(specs)
            if rooms:
                steps = tf.reduce_max(tf.gather(lengths, chosen))
                room = tf.gather(rooms[0], tf.searchsorted(tf.constant(rooms[0], tf.int64), steps[None]))[0]
                widths[:2] = room, rooms[1] or room
            return tuple(
                tf.nest.map_structure(
                    lambda values, spec, filling, width=width: _dense(tf.gather(values, chosen), spec, filling, width),
                    *part,
                )
                for *part, width in zip(parts, specs, fillings, widths, strict=True)
            )

        return tf.data.Dataset.from_tensor_slices(starts).map(batch, num_parallel_calls=tf.data.AUTOTUNE)

    return data.ragged_batch(pool).flat_map(_as_it_is(cut))


def _dense(values: Any, spec: Any, filling: Any, width: Any) -> Any:
    """Returns a batch padded to its longest example, or to `width` steps."""
    if not isinstance(values, tf.RaggedTensor):
        return values
    batch = values.to_tensor(filling)
    if width is not None:
        room = [[0, 0], [0, width - tf.shape(batch)[1]], *[[0, 0]] * (len(spec.shape) - 1)]
        batch = tf.pad(batch, room, constant_values=filling)
    return tf.ensure_shape(batch, [None, *spec.shape])


def _joined(lengths: Any) -> Any:
    """Returns one number for the lengths of each example, `(examples, parts)`, that sorts as they do."""
    key = tf.zeros_like(lengths[:, 0])
    for part in tf.unstack(lengths, axis=1):
        key = key * 2**20 + part
    return key


def _fillings(specs: Any, task: Task) -> Any:
    inputs, targets, *references = specs
    return (
        tf.nest.map_structure(lambda spec: _padding(spec, 0), inputs),
        _padding(targets, task.target_padding),
        *(_padding(spec, 0) for spec in references),
    )


def _padding(spec: Any, of_integers: int) -> Any:
    if spec.dtype == tf.string:
        return ""
    return tf.constant(np.nan if spec.dtype.is_floating else of_integers, spec.dtype)


def _pool(lengths: Any, batch_size: int, batches: list[int]) -> tuple[int, float]:
    """Returns among how many examples to sort, and the share of padding that this leaves."""
    for number in batches:
        pool = number * batch_size
        padding = _padding_share(lengths, batch_size, pool)
        if padding <= _PADDING:
            break
    return pool, padding


def _padding_share(lengths: Any, batch_size: int, pool: int) -> float:
    """Returns the share of the steps of all batches that is padding, for some order of the examples."""
    shuffled = np.random.default_rng(0).permutation(lengths)
    padded = 0
    for start in range(0, len(shuffled), pool):
        part = shuffled[start : start + pool]
        part = part[np.lexsort(part.T[::-1])]
        for first in range(0, len(part), batch_size):
            batch = part[first : first + batch_size]
            padded += len(batch) * int(batch.max(axis=0).sum())
    return 1 - int(lengths.sum()) / max(padded, 1)
