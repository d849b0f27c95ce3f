"""Validation of JSON documents: types, ranges and sizes of their fields. Imports no framework.

A validator is a function that takes a JSON value and returns whether it is valid. Each field of a `Document`, which is
a dataclass, has a validator, so a single class describes how a file is read, checked and written.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

Validator = Callable[[Any], bool]

MAX_ITEMS = 10_000_000
"""Maximum number of items of a list or an object."""

MAX_CLASSES = 1_000_000
"""Maximum number of classes or tags of a task."""

MAX_FLOAT32 = (2 - 2**-23) * 2.0**127
"""The largest finite number of float32."""


def text(max_length: int = 4096, pattern: str = "") -> Validator:
    """Accepts strings of up to `max_length` characters that match `pattern` (any string by default)."""
    compiled = re.compile(pattern)
    return lambda value: (
        isinstance(value, str) and len(value) <= max_length and (not pattern or bool(compiled.fullmatch(value)))
    )


def integer(low: int = 0, high: int = 2**63 - 1) -> Validator:
    """Accepts integers from `low` to `high`."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def number(value: Any) -> bool:
    """Accepts finite numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -(2**1023) < value < 2**1023


def float32(value: Any) -> bool:
    """Accepts numbers that are finite as float32."""
    return number(value) and abs(value) <= MAX_FLOAT32


def positive(value: Any) -> bool:
    """Accepts numbers above 0 that are finite as float32."""
    return float32(value) and value > 0


def boolean(value: Any) -> bool:
    """Accepts true and false."""
    return isinstance(value, bool)


def null(value: Any) -> bool:
    """Accepts null."""
    return value is None


def anything(value: Any) -> bool:
    """Accepts every value, for keys that are only shown to users."""
    return True


def any_of(*validators: Validator) -> Validator:
    """Accepts a value that at least one of the validators accepts."""
    return lambda value: any(valid(value) for valid in validators)


SCALAR = any_of(text(), number, boolean, null)
"""The value of an option."""


def list_of(valid: Validator, max_items: int = MAX_ITEMS, min_items: int = 0) -> Validator:
    """Accepts lists of `min_items` to `max_items` valid items."""
    return lambda value: isinstance(value, list) and min_items <= len(value) <= max_items and all(map(valid, value))


def dict_of(valid: Validator, keys: Validator | None = None, max_items: int = MAX_ITEMS) -> Validator:
    """Accepts objects of up to `max_items` valid values, whose keys `keys` accepts (any text by default)."""
    valid_key = keys or text()
    return lambda value: (
        isinstance(value, dict)
        and len(value) <= max_items
        and all(valid_key(key) and valid(item) for key, item in value.items())
    )


NAME = text(200)
DIGEST = text(64, r"[0-9a-f]{64}")
FILES = dict_of(DIGEST, text(500, r"(?!.*(^|/)\.\.?(/|$))[^/\\\x00-\x1f][^\\\x00-\x1f]*"), max_items=100_000)
"""Digests by relative paths that stay within a folder: none is absolute or contains `..`."""
OPTIONS = dict_of(SCALAR, NAME, max_items=1000)
"""Values of options by name."""

NUMBERS = list_of(float32)
"""Numbers that are used as float32."""
SCALES = {"mean": list_of(float32, min_items=1), "deviation": list_of(positive, min_items=1)}
"""What values are scaled by, one or several."""


def checked(
    valid: Validator, *, as_: Callable[[Any], Any] | None = None, optional: bool = False, **settings: Any
) -> Any:
    """Returns a dataclass field of a `Document` whose JSON value `valid` accepts.

    Args:
        valid: the validator.
        as_: converts the JSON value to the field's Python value; by default, they are the same.
        optional: whether the key may be missing in a file; the field is then `None`.
        **settings: as for `dataclasses.field`.
    """
    return field(metadata={"valid": valid, "as": as_, "optional": optional}, **_with_none(optional, settings))


def nested(document: type["Document"], *, optional: bool = False) -> Any:
    """Returns a dataclass field that holds another `Document`; `optional` as in `checked`."""
    return field(metadata={"document": document, "optional": optional}, **_with_none(optional, {}))


def _with_none(optional: bool, settings: dict[str, Any]) -> dict[str, Any]:
    return {"default": None, **settings} if optional else settings


@dataclass(frozen=True)
class Document:
    """Base class of dataclasses that are read from and written to JSON objects, one key per field.

    Fields are defined with `checked` and `nested`. A field that is `None` is not written. Unknown keys are ignored.
    """

    @classmethod
    def invalid_keys(cls, document: Mapping[str, Any], prefix: str = "") -> list[str]:
        """Returns the keys of a JSON object that are missing or invalid; nested keys are joined by dots."""
        invalid = []
        for field_ in fields(cls):
            inner = field_.metadata.get("document")
            if field_.name not in document:
                invalid += [] if field_.metadata["optional"] else [prefix + field_.name]
            elif inner and isinstance(document[field_.name], dict):
                invalid += inner.invalid_keys(document[field_.name], f"{prefix}{field_.name}.")
            elif inner or not field_.metadata["valid"](document[field_.name]):
                invalid.append(prefix + field_.name)
        return invalid

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Creates the object from a valid JSON document; see `invalid_keys`."""
        values = {}
        for field_ in fields(cls):
            if field_.name in document:
                read = field_.metadata["document"].from_json if "document" in field_.metadata else field_.metadata["as"]
                values[field_.name] = read(document[field_.name]) if read else document[field_.name]
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Returns the object as plain values for JSON, the inverse of `from_json`."""
        values = {field_.name: getattr(self, field_.name) for field_ in fields(self)}
        return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Document):
        return value.to_json()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
