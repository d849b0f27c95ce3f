"""Typed values of tables as the texts that a CSV file of the same table would contain."""

import datetime
import decimal
import numbers
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo.user_data.conll_file import joined

_PRINTED = (numbers.Number, decimal.Decimal, datetime.date, datetime.time, datetime.timedelta, uuid.UUID)
"""Types whose values are texts by `str`: 1 is "1", 1.0 is "1.0", and a date is in the order year, month, day."""
_PRINTED_NUMPY = ("bool", "bool_", "datetime64", "timedelta64")
_MISSING = ("NAType", "NaTType")
"""The types of missing values in pandas; importing it for a comparison would take a second."""


def is_missing(value: Any) -> bool:
    """Whether a value stands for a missing one: `None`, NaN, or pandas's `NA` and `NaT`."""
    if value is None or type(value).__name__ in _MISSING:
        return True
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__ne__") or hasattr(value, "__len__"):
        return False
    return bool(value != value)


def text_of(value: Any, encoding: str = "utf-8") -> str | None:
    """Returns a value as the text in a CSV file of the same table, or `None` if it is not a single value.

    A missing value is "", as pandas and Polars write it. Bytes that are invalid become unpaired surrogates, to be
    reported later.

    Args:
        value: a text, bytes, a number, a boolean, a date or a time, or a missing value.
        encoding: the encoding of bytes.
    """
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    if is_missing(value):
        return ""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode(encoding, "surrogateescape")
    if isinstance(value, str):
        return str(value)
    if isinstance(value, _PRINTED) or type(value).__name__ in _PRINTED_NUMPY:
        return str(value)
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return text_of(value.item(), encoding)
    return None


def texts_of(value: Any, encoding: str = "utf-8") -> list[str] | None:
    """Returns the words of a sentence or their tags: the items of a list, or the parts of a text between spaces.

    Whitespace within an item becomes a no-break space, as in CoNLL files.

    Args:
        value: a list or an array of single values, or a text.
        encoding: the encoding of bytes.

    Returns:
        The texts; `None` if the value is neither a list nor a text, or an item is not a single value.
    """
    if isinstance(value, str | bytes) or is_missing(value):
        return (text_of(value, encoding) or "").split()
    if not (isinstance(value, Sequence) or getattr(value, "ndim", None) == 1):
        return None
    texts = []
    for item in value:
        text = text_of(item, encoding)
        if text is None:
            return None
        texts.append(joined(text))
    return texts


def value_at(value: Any, path: Sequence[str]) -> Any:
    """Returns the value at a path of keys in nested dicts, `None` if a key or a dict on the way is missing."""
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value
