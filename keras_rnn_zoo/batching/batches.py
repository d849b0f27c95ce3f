"""From raw examples to batches of tensors."""

from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.batching.buckets import (
    MAX_POOL_BYTES,
    POOLS,
    Cut,
    bucket_sizes_of,
    bucketed,
    choose_pool,
    without_autograph,
)
from keras_rnn_zoo.batching.epochs import Order, batches_of, in_epochs, own_in_epochs, shuffle_buffer
from keras_rnn_zoo.batching.preparation import Preparation
from keras_rnn_zoo.batching.share import Share
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.tasks.task import Task

_MAX_CACHE_BYTES = 2**30
"""Preprocessed examples are cached in memory if they need at most this much; otherwise every epoch preprocesses them
again."""


@dataclass(frozen=True)
class Batches:
    """Batches of one split.

    Attributes:
        data: a `tf.data.Dataset` of `(inputs, targets)`, or of `(inputs, targets, references)`, or of these and the
            places of the examples, int64 `(batch,)`.
        targets: a `tf.data.Dataset` of the targets of the examples as the dataset has them, in its order.
        count: number of batches.
        examples: number of examples.
        padding: fraction of the steps that are padding, from 0 to 1.
        epoch: an int64 `tf.Variable` with the index of the epoch, which selects the order of the next iteration;
            `None` if the order is fixed.
    """

    data: Any
    targets: Any
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
    share: Share | None = None,
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
        share: the share of this process, if several make the same batches, without references and numbers. Rows of
            other processes may be blank then.

    Returns:
        The `Batches` of the split.

    Raises:
        DataError: an example cannot be preprocessed.
        TrainingError: another process could not prepare its share.
    """
    preparation = Preparation(task, references)
    prepared = preparation.first_pass(examples, _MAX_CACHE_BYTES, share)
    lengths, padding, pool = prepared.lengths, 0.0, batch_size
    if task.variable_length:
        # All images cost the same, however long the text about them, and diverse batches suit batch normalization.
        pools = POOLS if task.reader.variable else (1,)
        fitting = [n for n in pools if n == 1 or n * batch_size * prepared.example_bytes <= MAX_POOL_BYTES]
        pool, padding = choose_pool(lengths, batch_size, fitting)
    cut, order = Cut(batch_size, pool, shuffle_seed is not None), Order()
    if shuffle_seed is not None:
        with tf.device("CPU:0"):  # The input pipeline reads it there.
            epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        fits = prepared.total_bytes <= _MAX_CACHE_BYTES
        order = Order(epoch, max(prepared.count, 1) if fits else shuffle_buffer(examples), shuffle_seed)
    repeated = preparation.repeats and order.among * prepared.new * prepared.example_bytes <= _MAX_CACHE_BYTES
    kept = prepared.kept or shuffle_seed is None or repeated
    if share and not prepared.kept:
        indices = batches_of(cut, lengths, by_length=task.variable_length)
        data = own_in_epochs(examples, preparation, prepared, order, indices, share, shuffles_tensors=kept)
    else:
        data = in_epochs(examples, preparation, prepared, order, shuffles_tensors=kept)
    if numbers:
        data = data.map(without_autograph(lambda index, example: (index, (example[0], (*example[1], index)))))
    if task.variable_length:
        data = bucketed(data, task, cut, bucket_sizes_of(lengths), prepared.longest_target)
    else:
        data = data.map(without_autograph(lambda index, example: example[1])).batch(batch_size)
    count = -(-prepared.count // batch_size)
    data = data.apply(tf.data.experimental.assert_cardinality(count)).prefetch(tf.data.AUTOTUNE)
    targets = examples.map(without_autograph(lambda raw, target: target))
    return Batches(data, targets, count, prepared.count, padding, order.epoch)
