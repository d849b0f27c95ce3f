"""The first pass over the examples of a split: raw examples become tensors, whose lengths decide about the batches."""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from keras_rnn_zoo.batching.buckets import without_autograph
from keras_rnn_zoo.batching.repeated_inputs import read_once, share_of_new
from keras_rnn_zoo.batching.share import Share, SharedTensors
from keras_rnn_zoo.datasets.examples import count_of
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks.task import Task

SAMPLE_SIZE = 32
"""Number of examples whose size is measured to estimate that of all."""
TOGETHER, FEW = 256, 4096
"""Texts are preprocessed in batches of this many, as most of the time of one alone is overhead; but not if there are
fewer than `FEW` examples, since tracing the graphs of batches takes longer."""
LENGTHS = 2**16
"""Number of examples whose lengths are measured if a sample is enough."""

_BLOCK, _MAX_BLOCK_BYTES = 1024, 2**26
"""Examples are counted and collected in blocks of this many; a block that is collected has at most this many bytes."""


@dataclass(frozen=True)
class Prepared:
    """The examples of a split after the first pass over them.

    Attributes:
        tensors: a `tf.data.Dataset` of `(lengths, parts)` in the order of the examples, where `lengths` is int64
            `(kinds,)`; kept in memory, or made anew in each iteration.
        count: the number of examples.
        example_bytes: the estimated mean size of a preprocessed example.
        total_bytes: the estimated size of all examples, if none shared its input with another one.
        new: the estimated fraction of examples whose input is not that of the example before.
        kept: whether the tensors are kept in memory.
        lengths: the lengths of all examples, int64 `(examples, kinds)`; those of the first ones only, if there are too
            many examples to keep, and the lengths only guide how batches are formed.
        longest_target: the number of steps of the longest target; 0 if targets are as long as their inputs.
        shared: the tensors of all examples, if they are kept and several processes have prepared them.
    """

    tensors: Any
    count: int
    example_bytes: float
    total_bytes: float
    new: float
    kept: bool
    lengths: Any = None
    longest_target: int = 0
    shared: SharedTensors | None = None


class Preparation:
    """How examples become tensors.

    Args:
        task: the task; its `example` method preprocesses the examples.
        references: whether the dataset's original targets follow the prepared ones.
    """

    def __init__(self, task: Task, references: bool = False) -> None:
        self._task, self._references = task, references
        # A subclass with an `example` of its own may make more of the raw input than `read` does.
        self.repeats = task.repeats_inputs and type(task).example is Task.example

    def one(self, raw: Any, target: Any) -> tuple[Any, tuple[Any, ...]]:
        """Returns the lengths of an example, and its inputs and targets."""
        return self._measured(self._task.example, raw, target)

    def all(self, examples: Any) -> Any:
        """Returns a `tf.data.Dataset` of what `one` returns; an input that is repeated is read once."""
        if self._together(examples):
            return _each(self._batches(examples))
        if not self.repeats:
            return mapped(examples, self.one)
        return mapped(read_once(examples, self._task), self._with_input)

    def numbered(self, examples: Any) -> Any:
        """Returns a `tf.data.Dataset` of `(index, (lengths, parts))`, for many examples of `(index, (raw, target))`.

        They may be shuffled, so that an input that is repeated is read again.
        """
        if reads_together(self._task):
            return _each(mapped(examples.batch(TOGETHER), lambda indices, pairs: (indices, self._several(*pairs))))
        return mapped(examples, lambda index, example: (index, self.one(*example)))

    def own(self, examples: Any, prepared: Prepared, *, shuffled: bool) -> Any:
        """Returns tensors of the examples that are rows of this process; those of the others are blank.

        Args:
            examples: a `tf.data.Dataset` of `(index, is_own, (raw, target))`.
            prepared: the result of the first pass over all examples.
            shuffled: whether the examples are shuffled, so that those with the same input do not follow one another.

        Returns:
            A `tf.data.Dataset` of `(index, (lengths, parts))`.
        """
        lengths = tf.constant(prepared.lengths)
        specs = prepared.tensors.element_spec[1]

        def blank() -> Any:
            return tf.nest.map_structure(lambda spec: tf.zeros([size or 0 for size in spec.shape], spec.dtype), specs)

        def maybe(make: Callable[..., Any]) -> Callable[..., Any]:
            def prepare(index: Any, is_own: Any, example: tuple[Any, Any]) -> Any:
                parts = tf.cond(is_own, lambda: make(*example)[1], blank)
                parts = tf.nest.map_structure(lambda part, spec: tf.ensure_shape(part, spec.shape), parts, specs)
                return index, (lengths[index], parts)

            return prepare

        if shuffled or not self.repeats:
            return mapped(examples, maybe(self.one))
        marked = examples.map(
            without_autograph(lambda index, is_own, example: (example[0], (index, is_own, example[1]), is_own))
        )
        read = read_once(marked, self._task)
        in_order = read.map(without_autograph(lambda inputs, rest: (rest[0], rest[1], (inputs, rest[2]))))
        return mapped(in_order, maybe(self._with_input))

    def first_pass(self, examples: Any, most_kept: int, share: Share | None = None) -> Prepared:
        """Prepares all examples, or the part of this process, and keeps the tensors if memory allows.

        Args:
            examples: a `tf.data.Dataset` of `(raw, target)`.
            most_kept: the maximum number of bytes to keep.
            share: the share of this process, if there are several.

        Raises:
            DataError: an example cannot be preprocessed.
            TrainingError: another process could not prepare its part.
        """
        tensors = self.all(examples)
        with share.step() if share else contextlib.nullcontext(), _translate_example_errors():
            example_bytes, count = memory((parts for _, parts in tensors.take(SAMPLE_SIZE)), examples)
            # Inputs that examples share are in memory once, and are almost all of it.
            new = share_of_new(examples.take(SAMPLE_SIZE)) if self.repeats else 1.0
        total = example_bytes * count
        found = Prepared(tensors, count, example_bytes, total, new, kept=total * new <= most_kept)
        if share:
            return self._shared_pass(examples, found, share)
        if found.kept:
            found = replace(found, tensors=tensors.cache())
        elif reads_together(self._task) and keras.backend.backend() != "jax":
            # Any text can be read, and only JAX must know the longest one.
            with _translate_example_errors():
                return replace(found, lengths=self._sampled_lengths(examples))
        with _translate_example_errors():
            # This pass also fills the cache.
            lengths, longest_target = self._measure(found.tensors)
        return replace(found, count=len(lengths), lengths=lengths, longest_target=longest_target)

    def _shared_pass(self, examples: Any, found: Prepared, share: Share) -> Prepared:
        first, last = share.part(found.count)
        own = self.all(examples.skip(first).take(last - first))
        if not found.kept:
            with share.step(), _translate_example_errors():
                lengths, longest = self._measure(own)
            longest = share.gather(np.array([longest])).max()
            return replace(found, lengths=share.gather(lengths), longest_target=int(longest))
        block = int(min(_BLOCK, max(_MAX_BLOCK_BYTES // max(found.example_bytes, 1), 1)))
        with share.step(), _translate_example_errors():
            shared = SharedTensors(own, block, repeats=self.repeats)
        shared.exchange(share.gather)
        tensors = mapped(tf.data.Dataset.range(found.count), lambda index: shared[index])
        lengths, longest = self._measure(tensors)
        return replace(found, tensors=tensors, lengths=lengths, longest_target=longest, shared=shared)

    def _sampled_lengths(self, examples: Any) -> Any:
        lengths = self._batches(examples).map(without_autograph(lambda lengths, parts: lengths))
        return np.concatenate([found.numpy() for found in lengths.take(-(-LENGTHS // TOGETHER))])

    def _measure(self, tensors: Any) -> tuple[Any, int]:
        """Returns the lengths of all examples, and the size of the longest target unless it follows from them."""
        follows = self._task.targets_match_input_length
        sizes = tensors.map(
            without_autograph(lambda lengths, parts: (lengths, 0 if follows else tf.size(parts[1], tf.int64)))
        )
        found = [(lengths.numpy(), int(tf.reduce_max(longest))) for lengths, longest in sizes.batch(_BLOCK)]
        empty = np.zeros((0, *tensors.element_spec[0].shape), "int64")
        return np.concatenate([empty, *(lengths for lengths, _ in found)]), max((size for _, size in found), default=0)

    def _together(self, examples: Any) -> bool:
        return reads_together(self._task) and not 0 <= int(examples.cardinality()) < FEW

    def _batches(self, examples: Any) -> Any:
        return mapped(examples.batch(TOGETHER), self._several)

    def _several(self, raw: Any, targets: Any) -> tuple[Any, tuple[Any, ...]]:
        """Returns what `one` returns for each of several examples: their lengths, `(batch, 1)`, and their parts."""
        parts = self._task.examples(raw, targets)
        return parts[0].row_lengths()[:, None], (*parts, targets) if self._references else parts

    def _measured(self, example: Callable[..., Any], raw: Any, target: Any) -> tuple[Any, tuple[Any, ...]]:
        parts = example(raw, target)
        lengths = tf.cast(tf.stack(self._task.lengths(*parts)), tf.int64)
        return lengths, (*parts, target) if self._references else parts

    def _with_input(self, inputs: Any, target: Any) -> tuple[Any, tuple[Any, ...]]:
        return self._measured(self._task.with_target, inputs, target)


def mapped(data: Any, function: Callable[..., Any]) -> Any:
    """Returns `data` with a function applied to each element, several at a time, in their order."""
    return data.map(without_autograph(function), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def reads_together(task: Task) -> bool:
    """Whether `task.examples` gives the results of `task.example`, for several examples in less time."""
    is_own = type(task).example is not Task.example or type(task).read is not Task.read
    return task.batched and task.reader.input == "text" and not is_own


def _each(data: Any) -> Any:
    """Returns the rows of batches that may be ragged, each as a plain tensor."""
    return data.unbatch().map(without_autograph(lambda *row: tf.nest.map_structure(tf.convert_to_tensor, row)))


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


def memory(sample: Iterable[Any], examples: Any) -> tuple[float, int]:
    """Returns the mean bytes of the preprocessed examples of a sample, and the number of all examples."""
    sizes = [sum(bytes_of(part) for part in tf.nest.flatten(parts)) for parts in sample]
    return sum(sizes) / max(len(sizes), 1), count_of(examples)


def bytes_of(tensor: Any) -> int:
    """Returns the size of a tensor in memory, in bytes."""
    return int(
        tf.reduce_sum(tf.strings.length(tensor)) if tensor.dtype == tf.string else tf.size(tensor) * tensor.dtype.size
    )
