"""The share of one of several processes that train together in preparing the examples.

Each process computes what all of them must know, such as the lengths of the examples, for its own part of the examples.
Then the processes exchange the results, and the tensors that are kept in memory. Tensors that are not kept are prepared
in each epoch, by the process that has them in its rows of a batch.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from keras_rnn_zoo.lazy import np, tf


@dataclass(frozen=True)
class Share:
    """The share of this process.

    Attributes:
        number: the number of this process, from 0.
        count: the number of processes.
        devices: the number of devices of all processes, which rows of a batch are divided among.
        own_devices: the first device of this process, and the one after its last, in the order of the rows.
        gather: a function that all processes call with an array; it returns what they passed, joined along the first
            axis in the order of their numbers.
        together: returns a context manager, given a name; see `keras_rnn_zoo.distributed.peers.Peers.together`.
    """

    number: int
    count: int
    devices: int
    own_devices: tuple[int, int]
    gather: Callable[[Any], Any]
    together: Callable[[str], contextlib.AbstractContextManager[None]]
    _steps: Iterator[int] = field(default_factory=itertools.count)

    def part(self, total: int) -> tuple[int, int]:
        """Returns the first of `total` examples that this process prepares, and the one after the last.

        Example:
            >>> from contextlib import nullcontext
            >>> Share(1, 4, 4, (1, 2), lambda rows: rows, nullcontext).part(10)
            (2, 5)
        """
        return total * self.number // self.count, total * (self.number + 1) // self.count

    def rows(self, size: Any) -> tuple[Any, Any]:
        """Returns the first row of a batch of `size` rows that this process computes with, and the one after the last.

        Those are all rows if they cannot be divided evenly.

        Args:
            size: an integer tensor.
        """
        first, last = (size * device // self.devices for device in self.own_devices)
        even = tf.equal(size % self.devices, 0)
        return tf.where(even, first, 0), tf.where(even, last, size)

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """Waits at the end of the block until all processes have reached it; an error in one ends all of them."""
        with self.together(f"examples {next(self._steps)}"):
            yield

    def own_examples(self, batches: Any, total: int) -> Any:
        """Returns which of all examples are in rows of this process: bool `(total,)`.

        Args:
            batches: a `tf.data.Dataset` of batches, each the int64 indices of its examples.
            total: the number of examples.
        """

        def own(indices: Any) -> Any:
            first, last = self.rows(tf.size(indices))
            return indices[first:last]

        data = batches.map(tf.autograph.experimental.do_not_convert(own))
        indices = data.ragged_batch(max(total, 1)).get_single_element().flat_values
        return tf.scatter_nd(indices[:, None], tf.ones_like(indices), [total]) > 0


class SharedTensors:
    """The tensors of all examples, which several processes prepared, in the memory of each of them.

    Args:
        own: a `tf.data.Dataset` of the tensors of this process's part of the examples, in any structure.
        block: the number of examples that are collected at a time.
        repeats: whether consecutive examples may have equal tensors of a fixed shape, which are in memory once.
    """

    def __init__(self, own: Any, block: int, *, repeats: bool) -> None:
        self._spec = own.element_spec
        self._columns = [_Column(spec, repeats=repeats) for spec in tf.nest.flatten(self._spec)]
        for values in own.ragged_batch(block):
            for column, value in zip(self._columns, tf.nest.flatten(values), strict=True):
                column.add(value)

    def exchange(self, gather: Callable[[Any], Any]) -> None:
        """Adds the tensors of the other processes; `gather` is that of their `Share`."""
        with tf.device("CPU:0"):  # The input pipeline reads them there.
            for column in self._columns:
                column.exchange(gather)

    def __getitem__(self, index: Any) -> Any:
        """Returns the tensors of an example of any process; the index is a tensor."""
        return tf.nest.pack_sequence_as(self._spec, [column[index] for column in self._columns])


class _Column:
    """One of the tensors of every example: the values of all, and where each of them lies."""

    def __init__(self, spec: Any, *, repeats: bool) -> None:
        self._spec = spec
        free = [axis for axis, size in enumerate(spec.shape) if size is None]
        self._ragged_rank = free[-1] + 1 if free else 0
        self._inner = spec.shape[self._ragged_rank :] if free else spec.shape
        # Blocks of arrays, which an exchange turns into one tensor.
        self._values: Any = []
        self._lengths: list[list[Any]] = [[] for _ in range(self._ragged_rank)]
        self._places: Any = [] if repeats and not free and spec.shape.rank else None
        self._last: Any = None

    def add(self, block: Any) -> None:
        """Adds the tensors of consecutive examples."""
        if self._ragged_rank:
            self._values.append(block.flat_values.numpy())
            for found, lengths in zip(self._lengths, block.nested_row_lengths(), strict=True):
                found.append(lengths.numpy())
            return
        values = block.numpy()
        if self._places is not None:
            before = values[:1] if self._last is None else self._last
            new = (values != np.concatenate([before, values[:-1]])).any(axis=tuple(range(1, values.ndim)))
            new[0] |= self._last is None
            self._places.append(new)
            self._last, values = values[-1:], values[new]
        self._values.append(values)

    def exchange(self, gather: Callable[[Any], Any]) -> None:
        """Adds the tensors of the other processes."""
        values = tf.constant(gather(_joined(self._values, (0, *self._inner), self._spec.dtype.as_numpy_dtype)))
        if self._ragged_rank:
            lengths = [gather(_joined(level, (0,), "int64")) for level in self._lengths]
            values = tf.RaggedTensor.from_nested_row_lengths(values, lengths)
        elif self._places is not None:
            self._places = tf.constant(np.cumsum(gather(_joined(self._places, (0,), "bool"))) - 1)
        self._values = values

    def __getitem__(self, index: Any) -> Any:
        """Returns the tensor of an example of any process."""
        value = self._values[index if self._places is None else self._places[index]]
        if isinstance(value, tf.RaggedTensor):  # Several axes have no fixed size.
            value = value.to_tensor()
        return tf.ensure_shape(value, self._spec.shape)


def _joined(blocks: Sequence[Any], empty: tuple[int, ...], dtype: Any) -> Any:
    """Returns the blocks concatenated along the first axis, or an array of shape `empty` if there are none."""
    return np.concatenate([np.zeros(empty, dtype), *blocks])
