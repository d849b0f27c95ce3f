"""Which character separates the fields of a table: as the user says, or as the first lines tell."""

import csv
import re
from collections.abc import Iterable, Mapping
from itertools import islice

from keras_rnn_zoo.errors import OptionError, nearest

WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " "}
"""Separators by the words that an option may use for them."""

READ = "\t|;,"
"""Separators that are found without being named; where nothing else decides, the one that is rarer within texts."""

LINES, CHARACTERS, RECORDS = 200, 2**20, 50
"""Lines and characters of a file that are looked at, and the rows made of them."""

LONGEST_FIELD = 64 * 2**20
"""Characters of a field beyond which a quote is taken for one that is never closed."""


def named_separator(name: str) -> str:
    """Returns the character that the option `separator` names, by itself or by a word.

    Raises:
        OptionError: it is neither one of the words nor one character that can separate fields.
    """
    word = name.strip().casefold()
    if word in WORDS:
        return WORDS[word]
    character = "\t" if name == "\\t" else name
    if len(character) != 1 or character in '"\r\n\0' or character.isalnum() or "\ud800" <= character <= "\udfff":
        close = nearest(word, WORDS)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise OptionError(
            "Option 'separator' expects one character that is no letter, digit or quote, or one of "
            f"{', '.join(WORDS)}; received {name!r}.{hint}"
        )
    return character


def excel_separator(line: str) -> str:
    """Returns the separator that a first line such as "sep=;" names for Excel, or "" for any other line."""
    found = re.fullmatch(r'"?sep=([^"\w\s]|\t| )"?', line.rstrip("\r\n"), re.IGNORECASE)
    return found[1] if found else ""


def find_separator(lines: Iterable[str], columns: Mapping[str, str]) -> str:
    """Returns the separator by which the first rows have the same number of fields, two or more; else a comma.

    Where several do, the one wins by which the header has the columns that the user named; then the one that is more
    rarely followed by a space or between two digits, as marks within texts and numbers are; then the one that makes
    more fields; then the one that is rarer in texts.

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
        mark = re.escape(separator)
        within = len(re.findall(rf"{mark} |(?<=\d){mark}(?=\d)", "".join(lines)))
        share = within / max(sum(line.count(separator) for line in lines), 1)
        # Rounded, for a broken row or two decide nothing.
        return max(round(same, 1), 0.01), len(names & header), -round(share, 1), fields

    best = max(READ, key=rank)
    return best if rank(best) > (0.0,) else ","


def _first_lines(lines: Iterable[str]) -> list[str]:
    found, characters = [], 0
    for line in islice(lines, LINES):
        found.append(line[: CHARACTERS - characters])  # The fields of a whole line may take fifty times its memory.
        characters += len(found[-1])
        if characters == CHARACTERS:
            break
    return found


def _rows(lines: list[str], separator: str) -> list[list[str]]:
    """Returns the first rows, blank ones left out; a row that cannot be read by a separator has no fields."""
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(iter(lines), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    while len(rows) < RECORDS:
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
