"""Sequences that come in parts: the steps of a chunk, and the states that carry what came before.

A batch may hold streams at different points. So a chunk has a number of steps for each row, and every state has a row
for each stream. Everything is TensorFlow ops of known rank, so that a step of a stream can be exported.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class State:
    """A state of streams, a tensor `(rows, *shape)`.

    Attributes:
        shape: the shape of a row.
        dtype: the dtype.
        initial: its value at the start of a stream: a scalar, or a function from the number of rows to the tensor.
    """

    shape: tuple[int | None, ...] = ()
    dtype: Any = tf.float32
    initial: Any = 0

    def at_start(self, rows: Any) -> Any:
        """Returns the state of streams that begin, for a number of rows, int32 `()`."""
        if callable(self.initial):
            return self.initial(rows)
        return tf.fill([rows, *self.shape], tf.constant(self.initial, self.dtype))

    def spec(self, name: str, rows: int | None = None) -> Any:
        """Returns the `tf.TensorSpec` of the state."""
        return tf.TensorSpec([rows, *self.shape], self.dtype, name=name)


Tensors = dict[str, Any]


@dataclass(frozen=True)
class Steps:
    """Steps of streams, at the start of each row; there is room for one step at least.

    Attributes:
        values: the steps, `(rows, time, ...)`; after the last step of a row they may be anything.
        count: the number of steps of each row, int32 `(rows,)`.
    """

    values: Any
    count: Any

    @property
    def mask(self) -> Any:
        """Boolean `(rows, time)`, true at steps."""
        return tf.sequence_mask(self.count, tf.shape(self.values)[1])

    def map(self, function: Callable[[Any], Any]) -> "Steps":
        """Returns the steps after a function that treats each for itself, and keeps their order and number."""
        return Steps(function(self.values), self.count)

    def padded(self, filler: Any) -> Any:
        """Returns the values with `filler` after the last step of each row."""
        mask = self.mask
        mask = tf.reshape(mask, [*tf.unstack(tf.shape(mask)), *[1] * (len(self.values.shape) - 2)])
        return tf.where(mask, self.values, tf.constant(filler, self.values.dtype))

    def of_rows(self, rows: Any) -> "Steps":
        """Returns the steps of the rows where a boolean `(rows,)` is true; the others have none."""
        return Steps(self.values, tf.where(rows, self.count, 0))

    def then(self, later: "Steps") -> "Steps":
        """Returns these steps, followed by later ones, row by row."""
        room, more = tf.shape(self.values)[1], tf.shape(later.values)[1]
        places = tf.range(room + more)[None]
        count = self.count[:, None]
        source = tf.where(places < count, places, room + places - count)
        values = tf.concat([self.values, later.values], axis=1)
        return Steps(_gathered(values, source), self.count + later.count)

    def since(self, first: Any, room: int) -> "Steps":
        """Returns the steps from the index `first` on, int32 `(rows,)`; there is room for `room` steps.

        Steps beyond them are lost, and values after the last step are zero.
        """
        values = _gathered(self.values, first[:, None] + tf.range(room)[None])
        taken = Steps(values, tf.clip_by_value(self.count - first, 0, room))
        return Steps(taken.padded("" if values.dtype == tf.string else 0), taken.count)

    def last(self) -> Any:
        """Returns the last step of each row, `(rows, ...)`; for rows without a step, any value."""
        return tf.gather(self.values, tf.maximum(self.count - 1, 0), batch_dims=1)


def _gathered(values: Any, places: Any) -> Any:
    """Returns the values at places `(rows, n)`, which are moved into the range of the time."""
    return tf.gather(values, tf.clip_by_value(places, 0, tf.shape(values)[1] - 1), batch_dims=1)


def steps_of(ragged: Any) -> Steps:
    """Returns the steps of a ragged tensor `(rows, time)`."""
    from keras_rnn_zoo.layers.text import at_least_one_step

    filler = "" if ragged.dtype == tf.string else 0
    return Steps(at_least_one_step(ragged.to_tensor(filler)), tf.cast(ragged.row_lengths(), tf.int32))
