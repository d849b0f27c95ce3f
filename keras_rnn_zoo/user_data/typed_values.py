"""Typed values of tables as the texts that a CSV file of the same table would contain."""

import datetime
import decimal
import numbers
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.conll_file import joined

_PRINTED = (numbers.Number, decimal.Decimal, datetime.date, datetime.time, datetime.timedelta, uuid.UUID)
"""Types whose values are texts by `str`: 1 is "1", 1.0 is "1.0", and a date is in the order year, month, day."""
_PRINTED_NUMPY = ("bool", "bool_", "datetime64", "timedelta64")
MAX_BITS = 14_000
"""Maximum number of bits of an integer; Python formats up to 4,300 digits."""
_MISSING = ("NAType", "NaTType")
"""The types of missing values in pandas; importing it for a comparison would take a second."""


def is_missing(value: Any) -> bool:
    """Whether a value stands for a missing one: `None`, NaN, or pandas's `NA` and `NaT`."""
    if value is None or type(value).__name__ in _MISSING:
        return True
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__ne__") or hasattr(value, "__len__"):
        return False
    return bool(value != value)


def is_too_long(number: int) -> bool:
    """Whether an integer may have more digits than Python formats, since that takes long."""
    return number.bit_length() > MAX_BITS


def text_of(value: Any, encoding: str = "utf-8") -> str | None:
    """Returns a value as the text in a CSV file of the same table, or `None` if it is not a single value.

    Nor is an integer that is too long for Python to format. A missing value is "", as pandas and Polars write it. Bytes
    that are invalid become unpaired surrogates, to be reported later.

    Args:
        value: a text, bytes, a number, a boolean, a date or a time, or a missing value.
        encoding: the encoding of bytes.
    """
    if type(value) is str:
        return value
    if type(value) is int:
        return None if is_too_long(value) else str(value)
    if is_missing(value):
        return ""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode(encoding, "surrogateescape")
    if isinstance(value, str):
        return str(value)
    if type(value).__name__ == "datetime64":  # Python's dates lack nanoseconds.
        value = (value.astype("datetime64[us]") if isinstance(value.item(), int) else value).item()
    if isinstance(value, _PRINTED) or type(value).__name__ in _PRINTED_NUMPY:
        return str(value)
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return text_of(value.item(), encoding)
    return None


def is_midnight(value: Any) -> bool:
    """Whether a value is a time at midnight without a time zone, which pandas writes as a date if all of a column are.

    Args:
        value: a `datetime.datetime`, such as pandas's, or a `numpy.datetime64`.
    """
    if type(value).__name__ == "datetime64":
        value = value.astype("datetime64[us]").item()
    return isinstance(value, datetime.datetime) and value.tzinfo is None and value.time() == datetime.time()


def shortest(value: Any, dtype: Any = "float32") -> Any:
    """Returns a number of a type of few bits with the digits that it needs: 0.1 rather than 0.10000000149011612.

    Args:
        value: a number, or a list of numbers; other values are returned unchanged.
        dtype: the type, float32 or float16.
    """
    if isinstance(value, list):
        return [shortest(item, dtype) for item in value]
    return float(str(np.dtype(dtype).type(value))) if isinstance(value, float) else value


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
