"""What the fields of a JSON document accept: types, ranges and sizes. Imports no framework.

A validator is a function of a JSON value that returns whether the value is valid. A `Document` is a dataclass whose
fields each have one, so reading and writing a file need no second description of it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

Validator = Callable[[Any], bool]

MAX_ITEMS = 10_000_000
"""Items of a list or an object."""

MAX_CLASSES = 1_000_000
"""Classes or tags of a task."""


def text(longest: int = 4096, pattern: str = "") -> Validator:
    """Accepts strings of up to `longest` characters that match `pattern`, if there is one."""
    compiled = re.compile(pattern)
    return lambda value: (
        isinstance(value, str) and len(value) <= longest and (not pattern or bool(compiled.fullmatch(value)))
    )


def integer(low: int = 0, high: int = 2**63 - 1) -> Validator:
    """Accepts integers from `low` to `high`."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def number(value: Any) -> bool:
    """Accepts finite numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -(2**1023) < value < 2**1023


def boolean(value: Any) -> bool:
    """Accepts true and false."""
    return isinstance(value, bool)


def null(value: Any) -> bool:
    """Accepts null."""
    return value is None


def anything(value: Any) -> bool:
    """Accepts every value, for keys that only people read."""
    return True


def any_of(*validators: Validator) -> Validator:
    """Accepts a value that at least one of the validators accepts."""
    return lambda value: any(valid(value) for valid in validators)


SCALAR = any_of(text(), number, boolean, null)
"""The value of an option."""


def list_of(valid: Validator, most: int = MAX_ITEMS, least: int = 0) -> Validator:
    """Accepts lists of `least` to `most` valid items."""
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(valid, value))


def dict_of(valid: Validator, keys: Validator | None = None, most: int = MAX_ITEMS) -> Validator:
    """Accepts objects of up to `most` valid values, whose keys are texts, or accepted by `keys`."""
    valid_key = keys or text()
    return lambda value: (
        isinstance(value, dict)
        and len(value) <= most
        and all(valid_key(key) and valid(item) for key, item in value.items())
    )


NAME = text(200)
DIGEST = text(64, r"[0-9a-f]{64}")
FILES = dict_of(DIGEST, text(500, r"(?!.*(^|/)\.\.?(/|$))[^/\\\x00-\x1f][^\\\x00-\x1f]*"), most=100_000)
"""Digests by paths that stay within a folder: no path is absolute or climbs by `..`."""
OPTIONS = dict_of(SCALAR, NAME, most=1000)
"""Values of options by name."""


def checked(
    valid: Validator, *, as_: Callable[[Any], Any] | None = None, optional: bool = False, **settings: Any
) -> Any:
    """Returns a dataclass field of a `Document` whose JSON value `valid` accepts.

    Args:
        valid: the validator.
        as_: turns the JSON value into the field's Python value; by default, they are the same.
        optional: whether the key may be missing in a file; the field is `None` then.
        **settings: as of `dataclasses.field`.
    """
    return field(metadata={"valid": valid, "as": as_, "optional": optional}, **_with_none(optional, settings))


def nested(document: type["Document"], *, optional: bool = False) -> Any:
    """Returns a dataclass field that holds another `Document`; `optional` as in `checked`."""
    return field(metadata={"document": document, "optional": optional}, **_with_none(optional, {}))


def _with_none(optional: bool, settings: dict[str, Any]) -> dict[str, Any]:
    return {"default": None, **settings} if optional else settings


@dataclass(frozen=True)
class Document:
    """A JSON object whose keys are the fields of a dataclass, made by `checked` and `nested`.

    A field that is `None` is not written. Unknown keys are ignored.
    """

    @classmethod
    def invalid_keys(cls, document: Mapping[str, Any], prefix: str = "") -> list[str]:
        """Returns the keys of a JSON object that are missing or invalid, with dots between nested keys."""
        invalid = []
        for each in fields(cls):
            inner = each.metadata.get("document")
            if each.name not in document:
                invalid += [] if each.metadata["optional"] else [prefix + each.name]
            elif inner and isinstance(document[each.name], dict):
                invalid += inner.invalid_keys(document[each.name], f"{prefix}{each.name}.")
            elif inner or not each.metadata["valid"](document[each.name]):
                invalid.append(prefix + each.name)
        return invalid

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Returns the object that a valid JSON document describes; see `invalid_keys`."""
        values = {}
        for each in fields(cls):
            if each.name in document:
                read = each.metadata["document"].from_json if "document" in each.metadata else each.metadata["as"]
                values[each.name] = read(document[each.name]) if read else document[each.name]
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Returns the object as plain values, which `from_json` reads."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Document):
        return value.to_json()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
