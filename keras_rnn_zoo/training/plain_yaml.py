"""The part of YAML that a configuration needs: mappings, lists and texts. Imports no framework.

Values stay the texts that are written down, and the option that takes one decides what it means: `run: 2024.10` names
the run `2024.10`. Nothing is expanded, so a short file stays small: there are no anchors, aliases, merge keys or tags.
"""

import codecs
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_rnn_zoo.errors import ZooError
from keras_rnn_zoo.platforms import flags
from keras_rnn_zoo.printing import short_repr

MOST_BYTES = 100_000
"""Of a file."""
MOST_LEVELS = 4
"""Of mappings and lists within one another."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

Tree = dict[str, Any] | list[Any] | str | None


def read_plain_yaml(file: Path) -> Tree:
    """Returns what a YAML file holds: texts, `None` for null, and dictionaries and lists of these.

    Raises:
        OSError: the file cannot be read.
        ZooError: it is not YAML, or uses what is not read; the message names the line.
    """
    import yaml

    text = _decoded(file, _read(file))
    try:
        return _built(file, yaml.parse(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # The last two of numbers out of range.
        mark = getattr(error, "problem_mark", None)
        where = f"{file}, line {mark.line + 1}" if mark else str(file)
        told = getattr(error, "problem", None) or getattr(error, "reason", None)
        reason = told or "an escape or a number in it is out of range"
        raise ZooError(f"{where}: this is not YAML: {reason}. Correct it.") from None


def _read(file: Path) -> bytes:
    # To open a pipe that nothing is written to would wait forever.
    descriptor = os.open(file, flags("O_RDONLY", "O_NONBLOCK", "O_BINARY"))
    with open(descriptor, "rb") as opened:
        os.set_blocking(descriptor, True)
        content = opened.read(MOST_BYTES + 1)
        if not content and not file.is_file():
            raise ZooError(f"{file} is not a file, and nothing can be read from it. Name a YAML file.")
    if len(content) > MOST_BYTES:
        raise ZooError(f"{file} is too large for a configuration: at most {MOST_BYTES:,} bytes are read.")
    return content


def _decoded(file: Path, content: bytes) -> str:
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ZooError(f"{file}, line {line}: this is not {error.encoding.upper()} text. Save it as UTF-8.") from None


def _built(file: Path, events: Iterator[Any]) -> Tree:
    """Returns what the events of a YAML parser describe."""
    import yaml

    document: list[Any] = []
    levels: list[dict[str, Any] | list[Any]] = [document]
    keys: list[str | None] = [None]  # The key that waits for its value, at each level.
    documents = 0
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _unread(file, event, "a second document begins here", "Keep one document a file.")
        elif isinstance(event, yaml.CollectionEndEvent):
            levels.pop()
            keys.pop()
        elif isinstance(event, yaml.NodeEvent):
            _check_plain(file, event)
            is_key = isinstance(levels[-1], dict) and keys[-1] is None
            if is_key:
                keys[-1] = _key(file, event, levels[-1])
                continue
            value = _value(event)
            if isinstance(levels[-1], dict):
                levels[-1][keys[-1] or ""] = value
                keys[-1] = None
            else:
                levels[-1].append(value)
            if isinstance(value, dict | list):
                levels.append(value)
                keys.append(None)
            if len(levels) > MOST_LEVELS + 1:
                raise _unread(file, event, "values are nested too deeply", "Write one plain value.")
    return document[0] if document else None


def _check_plain(file: Path, event: Any) -> None:
    """Raises `ZooError` where a node stands for another one or is given a type of its own."""
    import yaml

    if isinstance(event, yaml.AliasEvent):
        raise _unread(file, event, f"the alias {short_repr('*' + event.anchor)} is not read", "Write the value out.")
    if event.anchor is not None:
        raise _unread(file, event, f"the anchor {short_repr('&' + event.anchor)} is not read", "Leave it out.")
    if event.tag is not None:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        raise _unread(file, event, f"the tag {short_repr(tag)} is not read", "Leave it out.")


def _key(file: Path, event: Any, mapping: Any) -> str:
    import yaml

    if not isinstance(event, yaml.ScalarEvent):
        raise _unread(file, event, "a key must be a plain word", "Write it as KEY: VALUE.")
    if event.value == "<<":
        raise _unread(file, event, "the merge key '<<' is not read", "Write the keys out.")
    if event.value in mapping:
        raise _unread(file, event, f"the key {short_repr(event.value)} is here twice", "Keep one of them.")
    return str(event.value)


def _value(event: Any) -> Tree:
    import yaml

    if isinstance(event, yaml.MappingStartEvent):
        return {}
    if isinstance(event, yaml.SequenceStartEvent):
        return []
    is_plain = event.implicit[0]
    return None if is_plain and event.value in _NULLS else str(event.value)


def _unread(file: Path, event: Any, fault: str, advice: str) -> ZooError:
    return ZooError(f"{file}, line {event.start_mark.line + 1}: {fault}. {advice}")
