"""Random mutations of bytes, JSON documents and protocol buffers."""

import copy
import random
from collections.abc import Iterator
from typing import Any

VALUES: tuple[Any, ...] = (0, 1, -1, 3, 10**9, 2**63, 1.5, True, None, "", "x", "None", [], {}, ["x"], {"x": 1})


def of_bytes(data: bytes, draw: random.Random, tokens: tuple[bytes, ...] = ()) -> bytes:
    """Returns bytes with some of them changed, removed or inserted."""
    for _ in range(draw.randint(1, 4)):
        place = draw.randint(0, len(data))
        added = draw.choice(tokens) if tokens and draw.random() < 0.5 else draw.randbytes(draw.randint(0, 4))
        data = data[:place] + added + data[place + draw.choice((0, 0, 1, 2, 9, 60)) :]
    return data


def of_lines(text: str, draw: random.Random) -> str:
    """Returns a text with a line removed, duplicated, moved or changed."""
    lines = text.split("\n")
    place = draw.randrange(len(lines))
    line = draw.choice(("", "x", "\0", " ", "\ufeffa", lines[draw.randrange(len(lines))], "a" * 10_000))
    kind = draw.randrange(3)
    lines[place : place + (kind != 0)] = [] if kind == 1 else [line]
    return "\n".join(lines)


def of_json(document: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """Returns a copy of a JSON object with one to three values removed or changed, at any depth."""
    document = copy.deepcopy(document)
    for _ in range(draw.randint(1, 3)):
        places = list(_places(document))
        holder, key = draw.choice(places)
        if draw.random() < 0.2:
            del holder[key]
        elif draw.random() < 0.3:
            other, name = draw.choice(places)
            holder[key] = copy.deepcopy(other[name])
        else:
            holder[key] = draw.choice(VALUES)
        if not document:
            break
    return document


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield tree, key
        yield from _places(value)


def of_message(messages: list[Any], draw: random.Random) -> None:
    """Changes one to three fields of some protocol buffers, at any depth."""
    for _ in range(draw.randint(1, 3)):
        places = [place for message in messages for place in _fields(message)]
        holder, field = draw.choice(places)
        _change(holder, field, draw, places)


def _fields(message: Any) -> Iterator[tuple[Any, Any]]:
    for field, value in message.ListFields():
        yield message, field
        if field.type != field.TYPE_MESSAGE:
            continue
        if field.message_type.GetOptions().map_entry:
            values = value.values() if field.message_type.fields_by_name["value"].message_type else ()
        else:
            values = value if is_repeated(field) else (value,)
        for one in values:
            yield from _fields(one)


def is_repeated(field: Any) -> bool:
    """Returns whether a field of a protocol buffer is repeated."""
    repeated = getattr(field, "is_repeated", None)
    return bool(repeated) if repeated is not None else field.label == field.LABEL_REPEATED


def _change(holder: Any, field: Any, draw: random.Random, places: list[tuple[Any, Any]]) -> None:
    value = getattr(holder, field.name)
    if field.type == field.TYPE_MESSAGE or is_repeated(field):
        if not is_repeated(field) or draw.random() < 0.2:
            holder.ClearField(field.name)
        elif hasattr(value, "keys"):
            del value[draw.choice(sorted(value))]
        elif len(value):
            del value[draw.randrange(len(value))]
        return
    if field.cpp_type == field.CPPTYPE_STRING:
        texts = [getattr(other, one.name) for other, one in places if one.type == field.type and not is_repeated(one)]
        setattr(holder, field.name, draw.choice([*texts, type(value)()]))
    elif field.cpp_type == field.CPPTYPE_BOOL:
        setattr(holder, field.name, not value)
    elif field.cpp_type in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
        setattr(holder, field.name, draw.choice((0.0, -1.0, float("nan"))))
    else:
        setattr(holder, field.name, draw.choice((0, 1, 2, 3, 7, 9, 23)))
