"""The predictions as if an input ended at each of its steps."""

from collections.abc import Iterator
from typing import Any

from keras_rnn_zoo.inference.predictor import plain_rows
from keras_rnn_zoo.lazy import np, tf

MAX_PREFIXES = 256
"""Longer inputs are predicted at this many of their steps, evenly distributed."""
_ROWS, _NUMBERS = 32, 2**22
"""Limits on a batch of prefixes: rows, and numbers in the model's input."""


def prefix_steps(count: int) -> Any:
    """Returns the steps, of `count`, after which an input is predicted, int64 `(prefixes,)`; the last one always."""
    return np.unique(np.linspace(0, count - 1, min(count, MAX_PREFIXES)).round().astype("int64"))


def prefix_predictions(loaded: Any, inputs: Any, lengths: Any) -> tuple[Any, list[dict[str, Any]]]:
    """Predicts the beginnings of an input, in the same way as a whole one.

    Args:
        loaded: the loaded run, whose model makes one prediction for an input.
        inputs: the model's input, a batch of one.
        lengths: the lengths of the beginnings, ascending, int64 `(prefixes,)`.

    Returns:
        The outputs of the model, `(prefixes, ...)`, and the predictions as plain values.
    """
    outputs, predictions = [], []
    for batch in _batches(np.asarray(inputs), lengths):
        tensor = tf.constant(batch)
        made = loaded.to_logits(tensor)
        outputs.append(made)
        predictions += plain_rows(loaded.task, loaded.task.decode(tf.constant(made), tensor))
    return np.concatenate(outputs), predictions


def _batches(inputs: Any, lengths: Any) -> Iterator[Any]:
    """Yields batches of beginnings of `(1, time, ...)`, padded as readers do."""
    filler = np.nan if inputs.dtype.kind == "f" else 0
    first = 0
    while first < len(lengths):
        longest = lengths[first : first + _ROWS][-1]
        rows = int(np.clip(_NUMBERS // inputs[:, :longest].size, 1, _ROWS))
        own = lengths[first : first + rows]
        batch = np.repeat(inputs[:, : own[-1]], len(own), axis=0)
        for row, length in zip(batch, own, strict=True):
            row[length:] = filler
        yield batch
        first += rows
