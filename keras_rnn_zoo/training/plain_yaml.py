"""The subset of YAML that a configuration needs: mappings, lists and texts. Imports no framework.

Values stay texts, exactly as written, and the option decides how to parse its value: `run: 2024.10` names the run
`2024.10`. Anchors, aliases, merge keys and tags are not supported, so a short file cannot expand to a huge document.
"""

import codecs
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import ZooError
from keras_rnn_zoo.platforms import flags

MAX_BYTES = 100_000
"""Maximum size of a file."""
MAX_LEVELS = 4
"""Maximum nesting of mappings and lists."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

Tree = dict[str, Any] | list[Any] | str | None


def read_plain_yaml(file: Path) -> Tree:
    """Returns the content of a YAML file: texts, `None` for null, and dictionaries and lists of these.

    Raises:
        OSError: the file cannot be read.
        ZooError: it is not YAML, or uses an unsupported feature; the message names the line.
    """
    import yaml

    text = _decoded(file, _read(file))
    try:
        return _built(file, yaml.parse(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # The last two for numbers out of range.
        mark = getattr(error, "problem_mark", None)
        where = f"{file}, line {mark.line + 1}" if mark else str(file)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None)
        reason = problem or "an escape sequence or a number is out of range"
        raise ZooError(f"{where}: this is not valid YAML: {reason}. Correct it.") from None


def _read(file: Path) -> bytes:
    # A blocking open of a pipe without a writer would wait forever.
    descriptor = os.open(file, flags("O_RDONLY", "O_NONBLOCK", "O_BINARY"))
    with open(descriptor, "rb") as opened:
        os.set_blocking(descriptor, True)
        content = opened.read(MAX_BYTES + 1)
        if not content and not file.is_file():
            raise ZooError(f"{file} is not a file, and nothing can be read from it. Name a YAML file.")
    if len(content) > MAX_BYTES:
        raise ZooError(f"{file} is too large for a configuration, which may have up to {MAX_BYTES:,} bytes.")
    return content


def _decoded(file: Path, content: bytes) -> str:
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ZooError(f"{file}, line {line}: this is not {error.encoding.upper()} text. Save it as UTF-8.") from None


def _built(file: Path, events: Iterator[Any]) -> Tree:
    """Builds the document from the events of a YAML parser."""
    import yaml

    document: list[Any] = []
    levels: list[dict[str, Any] | list[Any]] = [document]
    keys: list[str | None] = [None]  # At each level, the key whose value comes next.
    documents = 0
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _unsupported(file, event, "a second document begins here", "Keep one document per file.")
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
            if len(levels) > MAX_LEVELS + 1:
                raise _unsupported(file, event, "values are nested too deeply", "Write one plain value.")
    return document[0] if document else None


def _check_plain(file: Path, event: Any) -> None:
    """Raises `ZooError` if a node is an alias, or has an anchor or a tag."""
    import yaml

    if isinstance(event, yaml.AliasEvent):
        raise _unsupported(
            file, event, f"the alias {short_repr('*' + event.anchor)} is not supported", "Write the value out."
        )
    if event.anchor is not None:
        raise _unsupported(file, event, f"the anchor {short_repr('&' + event.anchor)} is not supported", "Remove it.")
    if event.tag is not None:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        raise _unsupported(file, event, f"the tag {short_repr(tag)} is not supported", "Remove it.")


def _key(file: Path, event: Any, mapping: Any) -> str:
    import yaml

    if not isinstance(event, yaml.ScalarEvent):
        raise _unsupported(file, event, "a key must be a plain word", "Write it as KEY: VALUE.")
    if event.value == "<<":
        raise _unsupported(file, event, "the merge key '<<' is not supported", "Write the keys out.")
    if event.value in mapping:
        raise _unsupported(file, event, f"the key {short_repr(event.value)} appears twice", "Keep one of them.")
    return str(event.value)


def _value(event: Any) -> Tree:
    import yaml

    if isinstance(event, yaml.MappingStartEvent):
        return {}
    if isinstance(event, yaml.SequenceStartEvent):
        return []
    is_plain = event.implicit[0]
    return None if is_plain and event.value in _NULLS else str(event.value)


def _unsupported(file: Path, event: Any, fault: str, advice: str) -> ZooError:
    return ZooError(f"{file}, line {event.start_mark.line + 1}: {fault}. {advice}")
