"""Values of JSON as the tensors of an endpoint, and back."""

import base64
from typing import Any

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.serving.errors import RequestError
from keras_rnn_zoo.serving.json_body import decode_base64

MAX_RANK = 8
"""Maximum number of axes of a tensor."""


def array_of(name: str, value: Any, dtype: Any) -> Any:
    """Returns nested lists as an array.

    Args:
        name: the name of the input, for messages.
        value: the value: a string or `{"b64": "..."}`, for the dtype `object`; else a number, or null for NaN; or
            nested lists of those.
        dtype: the NumPy dtype; `object` for bytes.

    Raises:
        RequestError: the lists differ in length, or a value is not of this kind.
    """
    return _strings(name, value) if np.dtype(dtype).kind == "O" else _numbers(name, value, np.dtype(dtype))


def _strings(name: str, value: Any) -> Any:
    shape, flat = _shape_of(name, value), []
    level = [value]
    for _ in shape:
        level = [item for items in level for item in items]
    for item in level:
        flat.append(_bytes_of(name, item))
    array = np.empty(len(flat), object)
    array[:] = flat
    return array.reshape(shape)


def _shape_of(name: str, value: Any) -> list[int]:
    """Returns the shape of nested lists; raises `RequestError` if lists at the same level differ in length."""
    shape: list[int] = []
    level = [value]
    while level and any(isinstance(item, list) for item in level):
        sizes = {len(item) if isinstance(item, list) else -1 for item in level}
        if len(sizes) > 1 or len(shape) == MAX_RANK:
            raise _ragged(name)
        shape.append(sizes.pop())
        level = [item for items in level for item in items]
    return shape


def _ragged(name: str) -> RequestError:
    return RequestError(f"The values of the input {name!r} have no shape: lists at the same level differ in length.")


def _bytes_of(name: str, item: Any) -> bytes:
    if isinstance(item, str):
        try:
            return item.encode()
        except UnicodeEncodeError:
            raise RequestError(f"The input {name!r} has half of a surrogate pair: {short_repr(item)}.") from None
    if isinstance(item, dict) and item.keys() == {"b64"}:
        return decode_base64(item["b64"], f"The value under b64 of the input {name!r}")
    raise RequestError(f'The input {name!r} expects texts, or bytes as {{"b64": "..."}}; received {short_repr(item)}.')


def _numbers(name: str, value: Any, dtype: Any) -> Any:
    try:
        array = np.array(value)
        if array.dtype == object and dtype.kind == "f":
            array = np.array(value, "float64")  # Reads null as NaN.
    except (ValueError, TypeError, OverflowError):
        _shape_of(name, value)
        raise _not_numbers(name, value, dtype) from None
    if array.size == 0:
        return array.astype(dtype)
    expected = {"b": "b", "i": "iu", "u": "iu", "f": "iuf"}.get(dtype.kind, "")
    if array.dtype.kind not in expected or array.ndim > MAX_RANK:
        raise _not_numbers(name, value, dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        cast = array.astype(dtype)
    lossy = np.isinf(cast).any() if dtype.kind == "f" else (cast != array).any()
    if lossy:
        raise RequestError(f"The input {name!r} has a number that is too large for {dtype.name}.")
    return cast


def _not_numbers(name: str, value: Any, dtype: Any) -> RequestError:
    kinds = {"b": "true or false", "i": "integers", "u": "integers", "f": "numbers"}
    return RequestError(f"The input {name!r} expects {kinds.get(dtype.kind, 'numbers')}; received {short_repr(value)}.")


def plain(array: Any, *, as_bytes: bool = False) -> Any:
    """Returns an array as plain values for JSON: NaN and infinity become `None`.

    Args:
        array: the array.
        as_bytes: whether strings become `{"b64": "..."}`; else bytes that are not UTF-8 become U+FFFD.
    """
    array = np.asarray(array)
    if array.dtype == object:
        return _plain_strings(array.tolist(), as_bytes)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        array = np.where(np.isfinite(array), array, None)
    return array.tolist()


def _plain_strings(value: Any, as_bytes: bool) -> Any:
    if isinstance(value, list):
        return [_plain_strings(item, as_bytes) for item in value]
    return {"b64": base64.b64encode(value).decode()} if as_bytes else value.decode("utf-8", "replace")
