"""The targets of the frames of a recording, in a cell of a table or in a file."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.lazy import np

LABEL_ENDINGS = (".txt", ".csv", ".tsv", ".json", ".lab")
"""The endings of files with the targets of a recording."""


class Spans(list[tuple[float, float, str]]):
    """The labels of a recording from one moment to another, in seconds."""


def targets_in(text: str, folder: Path, files: list[Path]) -> tuple[Any, str]:
    """Returns the targets of a recording, and their fault, or "".

    Args:
        text: the targets, separated by spaces or as JSON; or the path of a file, each of whose lines has the target of
            a frame, or a start, an end and a label, separated by tabs, as audio editors write them.
        folder: the folder at which paths begin.
        files: the files that were read, to which this one is added.

    Returns:
        An array `(frames,)` or `(frames, targets)`, or `Spans`.
    """
    text = text.strip()
    if not text.lower().endswith(LABEL_ENDINGS):
        return _parsed(text, [[cell] for cell in text.split()])
    path = folder / text
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        return None, f"the file {str(path)!r} cannot be read: {getattr(error, 'strerror', None) or error}"
    files.append(path)
    lines = [line for line in content.splitlines() if line.strip()]
    cells = [line.split("\t") for line in lines]
    if lines and all(len(line) == 3 and not _is_number(line[2]) for line in cells):
        return _spans(cells, path)
    return _parsed(content.strip(), [line.replace(",", " ").replace("\t", " ").split() for line in lines])


def _spans(cells: Sequence[Sequence[str]], path: Path) -> tuple[Any, str]:
    """Returns the spans in the cells of lines, and their fault, or ""."""
    spans, end = Spans(), -math.inf
    for number, (first, last, label) in enumerate(cells, 1):
        if not (_is_number(first) and _is_number(last) and float(first) <= float(last)):
            return None, f"{path.name} line {number}: a start and an end in seconds are expected"
        if float(first) < end:
            return None, f"{path.name} line {number}: the span begins before the one before it ends"
        end = float(last)
        spans.append((float(first), end, label.strip()))
    return spans, ""


def _parsed(text: str, cells: Sequence[Sequence[str]]) -> tuple[Any, str]:
    """Returns the targets in a text: JSON, or the cells of each frame; and their fault, or ""."""
    if text.startswith("["):
        try:
            return np.asarray(json.loads(text)), ""
        except (ValueError, RecursionError):
            return None, "the targets are not valid JSON"
    if not cells:
        return None, "there are no targets"
    if len({len(line) for line in cells}) > 1:
        return None, "each frame needs the same number of targets"
    array = np.array(cells)
    array = array[:, 0] if array.shape[1] == 1 else array
    for kind in ("int64", "float64"):
        try:
            return array.astype(kind), ""
        except ValueError:
            continue
    return array, ""


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
