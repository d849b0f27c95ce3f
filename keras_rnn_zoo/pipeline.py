"""From raw examples to batches of tensors."""

from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.lazy import keras, tf
from keras_rnn_zoo.tasks.task import Task

_SHORTEST_BUCKET, _BUCKET_GROWTH, _BUCKETS = 8, 1.25, 48
"""Each bucket holds lengths up to a quarter longer than the one before; the last one holds all that are longer."""


@dataclass(frozen=True)
class Batches:
    """Batches of one split.

    Attributes:
        data: a `tf.data.Dataset` of `(inputs, targets)`.
        count: number of batches.
        examples: number of examples.
        padding: share of the steps that are padding, from 0 to 1.
    """

    data: Any
    count: int
    examples: int
    padding: float


def make_batches(examples: Any, task: Task, batch_size: int, shuffle_seed: int | None = None) -> Batches:
    """Preprocesses the examples of a split once, keeps the tensors in memory and makes batches of them.

    Where inputs differ in length, a batch is made of ones of similar length, padded to its longest.

    Args:
        examples: a `tf.data.Dataset` of `(raw, target)`.
        task: whose `preprocess` makes tensors of them.
        batch_size: examples in a batch; the last batch of a bucket has fewer.
        shuffle_seed: seed of the order, which is another one in each epoch; `None` keeps the order of the examples
            within a bucket.
    """

    def preprocess(raw: Any, target: Any) -> tuple[Any, Any]:
        return task.preprocess(raw[tf.newaxis])[0], target

    tensors = examples.map(preprocess, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).cache()
    lengths = [int(tf.shape(inputs)[0]) for inputs, _ in tensors]  # This pass also fills the cache.
    data = tensors
    if shuffle_seed is not None:
        data = data.shuffle(max(len(lengths), 1), seed=shuffle_seed)
    data = _bucketed(data, batch_size) if task.bucketed else data.batch(batch_size)
    padded = [int(tf.reduce_prod(tf.shape(inputs)[:2])) for inputs, _ in data]  # Steps of each batch.
    padding = 1 - sum(lengths) / max(sum(padded), 1)
    data = data.apply(tf.data.experimental.assert_cardinality(len(padded))).prefetch(tf.data.AUTOTUNE)
    return Batches(data, len(padded), len(lengths), padding)


def _bucketed(tensors: Any, batch_size: int) -> Any:
    boundaries = [round(_SHORTEST_BUCKET * _BUCKET_GROWTH**power) for power in range(_BUCKETS)]
    return tensors.bucket_by_sequence_length(
        lambda inputs, _: tf.shape(inputs)[0],
        bucket_boundaries=boundaries,
        bucket_batch_sizes=[batch_size] * (len(boundaries) + 1),
        # JAX compiles every shape anew, so it is given few of them.
        pad_to_bucket_boundary=keras.backend.backend() == "jax",
    )
