"""Targets of series in arrays: names of classes, numbers, texts, or one-hot rows."""

from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.columns import are_measured
from keras_rnn_zoo.user_data.typed_values import is_too_long

KINDS = "OSUbiuf"
"""Kinds of NumPy dtypes that targets can have: objects, texts, booleans and real numbers."""


def as_column(y: Any, name: str) -> Any:
    """Removes a last axis of size 1 from targets: `(examples, 1)` becomes `(examples,)`.

    Args:
        y: the array.
        name: name of the array, for messages.

    Raises:
        DataError: its values cannot be targets, such as dates or complex numbers, or it is a scalar.
    """
    if y.dtype.kind not in KINDS:
        raise DataError(f"{name}: numbers or texts are expected as targets; received the dtype {y.dtype}.")
    if not y.ndim:
        raise DataError(f"{name}: a target for each series is expected; received a single value. Write an array.")
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def measured(y: Any) -> bool:
    """Whether targets, as returned by `as_column`, are measurements rather than names of classes."""
    return (y.ndim == 1 and y.dtype.kind in "fO" and are_measured(y)) or (
        y.ndim == 2 and y.dtype.kind == "f" and are_measured(y.ravel())
    )


def as_targets(y: Any, name: str, *, one_hot: bool, several: bool = False) -> Any:
    """Returns a target for each example: `(examples,)`, or `(examples, targets)` if it may have several.

    One-hot rows `(examples, classes)` become class indices; a row with NaN has no target.

    Args:
        y: the array, as returned by `as_column`.
        name: name of the array, for messages.
        one_hot: whether the targets are classes, which may be one-hot rows.
        several: whether an example may have several numbers.

    Raises:
        DataError: the shape is invalid for targets of the task.
    """
    if y.ndim == 1 or (several and y.ndim == 2 and y.dtype.kind in "biuf"):
        return y
    if not one_hot or y.ndim != 2 or y.dtype.kind not in "biuf":
        expected = f"(examples,) or (examples, {'targets' if several else '1'})"
        raise DataError(f"{name}: targets of the shape {expected} are expected; received {y.shape}.")
    missing = np.isnan(y.astype("float64")).any(axis=1)
    valid = (((y == 0) | (y == 1)).all(axis=1) & ((y == 1).sum(axis=1) == 1)) | missing
    if not valid.all():
        row = int(np.flatnonzero(~valid)[0])
        raise DataError(
            f"{name}: its shape {y.shape} is that of one-hot targets, with a single one and otherwise zeros in each "
            f"row; row {row} is {np.array2string(y[row], threshold=10)}. Write a class for each series: (examples,)."
        )
    targets = y.argmax(axis=1).astype(object)
    targets[missing] = None
    return targets


def plain(target: Any) -> str | float | None:
    """Converts a target to a text or a float for `Row`; "" if it is missing, `None` for anything else."""
    value = target.item() if hasattr(target, "item") and np.ndim(target) == 0 else target
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, float | np.floating):
        return float(value) if value == value else ""
    if isinstance(value, int) and is_too_long(value):
        return None
    return str(value) if isinstance(value, str | int) else None
