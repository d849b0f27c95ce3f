"""The examples of each epoch in its order, as tensors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.batching.buckets import Cut, without_autograph
from keras_rnn_zoo.batching.preparation import SAMPLE_SIZE, Preparation, Prepared, bytes_of, mapped
from keras_rnn_zoo.batching.share import Share
from keras_rnn_zoo.lazy import tf

_SHUFFLE_BUFFER, _MAX_SHUFFLE_BYTES = 10_000, 2**28
"""Without a cache, raw examples are shuffled in a buffer of this many examples, or as many as fit into this memory."""


@dataclass(frozen=True)
class Order:
    """The order of the examples, which depends on a seed and the index of the epoch only.

    Attributes:
        epoch: an int64 `tf.Variable` with the index of the epoch; `None` if the order is that of the dataset.
        among: the number of examples that the next one is drawn from.
        seed: the seed.
    """

    epoch: Any = None
    among: int = 1
    seed: int = 0

    def arranged(self, arrange: Callable[[Callable[[Any], Any]], Any]) -> Any:
        """Returns what `arrange` returns, with the order of the current epoch on each iteration.

        Args:
            arrange: given a function that reorders a `tf.data.Dataset`, always in the same way, returns a
                `tf.data.Dataset`.
        """
        if self.epoch is None:
            return arrange(lambda data: data)

        def shuffled(_: Any) -> Any:
            # An op combines its own seed with that of its graph; a graph seed of zero would mean "no seed".
            tf.compat.v1.set_random_seed(1 + self.seed % (2**31 - 2))
            return arrange(
                lambda data: data.shuffle(self.among, seed=self.epoch.read_value(), reshuffle_each_iteration=False)
            )

        return tf.data.Dataset.from_tensors(0).flat_map(without_autograph(shuffled))


def shuffle_buffer(examples: Any) -> int:
    """Returns the size of the buffer that raw examples are shuffled in, from the sizes of a sample."""
    sizes = [sum(map(bytes_of, tf.nest.flatten(parts))) for parts in examples.take(SAMPLE_SIZE)]
    return max(min(_SHUFFLE_BUFFER, _MAX_SHUFFLE_BYTES * len(sizes) // max(sum(sizes), 1)), 1)


def in_epochs(
    examples: Any, preparation: Preparation, prepared: Prepared, order: Order, *, shuffles_tensors: bool
) -> Any:
    """Returns the prepared examples as a `tf.data.Dataset` of `(index, (lengths, parts))`.

    Args:
        examples: a `tf.data.Dataset` of `(raw, target)`.
        preparation: how they become tensors.
        prepared: the result of the first pass over them.
        order: the order.
        shuffles_tensors: whether to shuffle the tensors that are kept, rather than raw examples before they are
            prepared.
    """
    if shared := prepared.shared:  # Only indices are shuffled, since shuffling copies these tensors.
        indices = order.arranged(lambda reorder: reorder(tf.data.Dataset.range(len(prepared.lengths))))
        return mapped(indices, lambda index: (index, shared[index]))
    if shuffles_tensors:
        return order.arranged(lambda reorder: reorder(prepared.tensors.enumerate()))
    return preparation.numbered(order.arranged(lambda reorder: reorder(examples.enumerate())))


def own_in_epochs(
    examples: Any,
    preparation: Preparation,
    prepared: Prepared,
    order: Order,
    batches: Callable[[Any], Any],
    share: Share,
    *,
    shuffles_tensors: bool,
) -> Any:
    """Returns what `in_epochs` does; the tensors of examples that are not in rows of this process are blank.

    They are prepared in each epoch, since they are not kept.

    Args:
        examples: as for `in_epochs`.
        preparation: as for `in_epochs`.
        prepared: as for `in_epochs`.
        order: as for `in_epochs`.
        batches: given a `tf.data.Dataset` of the indices of all examples in the order of an epoch, returns one of the
            indices of each batch.
        share: the share of this process.
        shuffles_tensors: as for `in_epochs`.
    """
    count = len(prepared.lengths)

    def marked(reorder: Callable[[Any], Any], data: Any) -> Any:
        own = share.own_examples(batches(reorder(tf.data.Dataset.range(count))), count)
        return data.map(without_autograph(lambda index, example: (index, own[index], example)))

    if shuffles_tensors:
        return order.arranged(
            lambda reorder: reorder(preparation.own(marked(reorder, examples.enumerate()), prepared, shuffled=False))
        )
    data = order.arranged(lambda reorder: marked(reorder, reorder(examples.enumerate())))
    return preparation.own(data, prepared, shuffled=True)


def batches_of(cut: Cut, lengths: Any, *, by_length: bool) -> Callable[[Any], Any]:
    """Returns the function `batches` of `own_in_epochs`.

    Args:
        cut: how examples are batched by length.
        lengths: the lengths of all examples, by index.
        by_length: whether they are, or in their order.
    """
    if by_length:
        return lambda order: cut.indices(order, tf.constant(lengths))
    return lambda order: order.batch(cut.batch_size)
