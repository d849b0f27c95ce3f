"""The separator of fields in a table: named by the user, or detected from the first lines."""

import csv
import re
from collections.abc import Iterable, Mapping
from itertools import islice

from keras_rnn_zoo.display.printing import alternatives
from keras_rnn_zoo.errors import OptionError, nearest

WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " "}
"""Separators by their names in the option `separator`."""

DETECTED = "\t|;,"
"""Separators that can be detected. Those that are rarer in texts come first, which decides ties."""

MAX_LINES, MAX_CHARACTERS, MAX_RECORDS = 200, 2**20, 50
"""Maximum number of lines, characters and rows of a file that are inspected."""

MAX_FIELD_LENGTH = 64 * 2**20
"""Maximum number of characters of a field; in a longer one, a quote is assumed to be unclosed."""


def named_separator(name: str) -> str:
    """Returns the separator for a value of the option `separator`, a character or a word.

    Raises:
        OptionError: it is neither one of the words nor a character that can separate fields.
    """
    word = name.strip().casefold()
    if word in WORDS:
        return WORDS[word]
    character = "\t" if name == "\\t" else name
    if len(character) != 1 or character in '"\r\n\0' or character.isalnum() or "\ud800" <= character <= "\udfff":
        close = nearest(word, WORDS)
        hint = f" Did you mean {alternatives(close)}?" if close else ""
        raise OptionError(
            "Option 'separator' expects a character other than a letter, digit or quote, or one of "
            f"{', '.join(WORDS)}; received {name!r}.{hint}"
        )
    return character


def excel_separator(line: str) -> str:
    """Returns the separator in a first line such as "sep=;", which Excel understands; "" for any other line."""
    match = re.fullmatch(r'"?sep=([^"\w\s]|\t| )"?', line.rstrip("\r\n"), re.IGNORECASE)
    return match[1] if match else ""


def find_separator(lines: Iterable[str], columns: Mapping[str, str]) -> str:
    """Detects the separator: the one with which the first rows have the same number of fields, two or more.

    Ties are decided by these criteria, in order: the header has the columns that the user named; the separator is
    rarely followed by a space or between two digits, like punctuation in texts and numbers; there are more fields; the
    separator is rarer in texts. If no separator matches, it is a comma.

    Args:
        lines: the first lines of the file.
        columns: the columns that the user named, by word.
    """
    lines = _first_lines(lines)
    names = {name.casefold() for name in columns.values()}

    def rank(separator: str) -> tuple[float, ...]:
        rows = _rows(lines, separator)
        fields = len(rows[0]) if rows else 0
        if fields < 2:
            return (0.0,)
        same = sum(len(row) == fields for row in rows) / len(rows)
        header = {field.strip().casefold() for field in rows[0]}
        escaped = re.escape(separator)
        in_texts = len(re.findall(rf"{escaped} |(?<=\d){escaped}(?=\d)", "".join(lines)))
        fraction = in_texts / max(sum(line.count(separator) for line in lines), 1)
        # Round, so that one or two invalid rows make no difference.
        return max(round(same, 1), 0.01), len(names & header), -round(fraction, 1), fields

    best = max(DETECTED, key=rank)
    return best if rank(best) > (0.0,) else ","


def _first_lines(lines: Iterable[str]) -> list[str]:
    first, characters = [], 0
    for line in islice(lines, MAX_LINES):
        first.append(line[: MAX_CHARACTERS - characters])  # The fields of a line may take fifty times its memory.
        characters += len(first[-1])
        if characters == MAX_CHARACTERS:
            break
    return first


def _rows(lines: list[str], separator: str) -> list[list[str]]:
    """Returns the first rows except blank ones; a row that cannot be read with the separator has no fields."""
    csv.field_size_limit(MAX_FIELD_LENGTH)
    reader = csv.reader(iter(lines), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    while len(rows) < MAX_RECORDS:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:
            rows.append([])
            continue
        if any(field.strip() for field in row):
            rows.append(row)
    return rows
