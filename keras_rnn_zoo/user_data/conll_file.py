"""Files of tagged sentences: one token per line, and an empty line after each sentence."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from keras_rnn_zoo.conventions import UNSPECIFIED
from keras_rnn_zoo.datasets._tagged import tagging_defaults
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource, sampled
from keras_rnn_zoo.user_data.table import MAX_COLUMNS, describe_fields
from keras_rnn_zoo.user_data.textfile import TextFile, check_text

CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
"""The columns of CoNLL-U, separated by tabs."""
WORDS = ("tokens", "tags")
"""The words by which the option `columns` names the columns that are read."""
DOCSTART = "-DOCSTART-"
"""The first column of a line that starts a document in CoNLL-2003."""
ID = re.compile(r"[0-9]+([-.][0-9]+)?")
"""The first column of CoNLL-U: the number of a word, a contraction (1-2) or an elided word (3.1)."""
SPACE = re.compile(r"[ \t\n\v\f\r]+")
DOCUMENT = re.compile(r"#(begin|end) document\b")
"""The comments of CoNLL-2012."""
PROPERTY = re.compile(r"# (id \S+ domain=|new(doc|par)$|(new(doc|par) id|[\w.:-]+) = )")
"""Comments that cannot be tokens, even with as many fields as there are columns: those of MultiCoNER, those that assign
a value as in CoNLL-U, such as "# sent_id = 12", and those that start a document or paragraph."""

MAX_MIXED_LINES = 100
"""After this many lines with both tabs and spaces, all lines of the file are assumed to have both."""


class Line(NamedTuple):
    """One line of a file.

    Attributes:
        text: the line as in the file, without its line ending.
        is_token: whether it is a token that the model reads.
        complete: whether it has as many columns as the lines with tokens and is not a comment.
        separator: the separator of its columns.
    """

    text: str
    is_token: bool
    complete: bool
    separator: str

    def with_column(self, value: str) -> str:
        """Returns the line with another column. Comments and lines with missing columns are returned unchanged."""
        if not self.complete:
            return self.text
        return f"{self.text.rstrip(' ')}{self.separator}{joined(value)}"


class Sentence(NamedTuple):
    """The lines up to an empty line, possibly without any token.

    Attributes:
        where: location of the first token, such as "line 7".
        lines: all lines, including comments and other lines that are not read, without the empty line at the end.
        tokens: the tokens.
        tags: the tag of each token, if tags are read.
        bad: the first invalid line, or `None`.
    """

    where: str
    lines: list[Line]
    tokens: list[str]
    tags: list[str]
    bad: BadRow | None


class ConllFile(RowSource):
    """A file of tokens and tags: CoNLL-U, which is recognized by its ten columns, or columns as in CoNLL-2003.

    Columns are separated by tabs or, in a line without tabs, by ASCII spaces; other spaces are part of a token. In a
    file separated by spaces, tabs in a line also separate if the line would otherwise have too few columns. Columns are
    named as in CoNLL-U, or numbered from 1; outside CoNLL-U, the first column is the token and the last one the tag.

    Some lines are not read: `-DOCSTART-`, the contractions (1-2) and elided words (3.1) of CoNLL-U, and comments. In
    CoNLL-U, comments are lines that begin with "#". Elsewhere, they are lines before the first token of a sentence that
    begin with "# " and have another number of columns than the other lines, or assign a value, as in "# sent_id = 12".
    In CoNLL-U, the tag "_" means that a word has no tag.

    Args:
        location: the path.
        tasks: tagging.
        given: the columns that the user named, by word: tokens, tags.
        encoding: the encoding; see `RowSource`.
        words: the columns to read: tokens and tags, or only tokens.
    """

    def __init__(
        self,
        location: str,
        tasks: tuple[str, ...],
        given: Mapping[str, str],
        encoding: str,
        words: tuple[str, ...] = WORDS,
    ) -> None:
        self.file = TextFile(location, encoding)
        self.task = tasks[0]
        line = self._first_line()
        fields = _fields(line)
        self.width = len(fields)
        # Files that `zoo predict` wrote have additional columns.
        self.tabs = "\t" in line
        self.universal = self.tabs and self.width >= len(CONLLU) and ID.fullmatch(fields[0]) is not None
        numbers = [str(number) for number in range(1, self.width + 1)]
        self.names = [*CONLLU, *numbers[len(CONLLU) :]] if self.universal else numbers
        if self.width > MAX_COLUMNS:
            raise DataError(
                f"{self.file.path} has a line with {describe_fields(self.width)}. Name a file with one token per line."
            )
        if self.width < len(words):
            raise DataError(
                f"{self.file.path} has one column, {fields[0][:60]!r}: each line must have a token and its tag, "
                "separated by a space or tab."
            )
        if unknown := sorted(set(given) - set(WORDS)):
            raise OptionError(f"Option 'columns' names {unknown[0]!r}; for tagging the words are {', '.join(WORDS)}.")
        usual = ("form", "upos") if self.universal else ("1", str(self.width))
        chosen = {**dict(zip(WORDS, usual, strict=True)), **given}
        self.indices = [self._index(chosen[word]) for word in words]
        self.columns = {word: self.names[index] for word, index in zip(words, self.indices, strict=True)}
        self.unspecified = UNSPECIFIED if self.universal else ""

    def _first_line(self) -> str:
        """Returns the first line that cannot be a comment, or else the first line.

        A line with both tabs and spaces is ambiguous, and is returned only if all of the first lines have both.
        """
        commented, mixed = "", []
        for line, _ in self.file.lines():
            line = line.rstrip("\r\n")
            fields = _fields(line)
            if not any(fields) or fields[0] == DOCSTART:
                continue
            if line.startswith("#"):
                commented = commented or line
            elif "\t" not in line or not any(" " in field for field in fields):
                return line
            else:
                mixed.append(line)
                if len(mixed) == MAX_MIXED_LINES:
                    break
        if not (mixed or commented):
            raise DataError(f"{self.file.path} is empty. Name a file with one token per line.")
        return mixed[0] if mixed else commented

    def _split(self, text: str) -> list[str]:
        """Returns the columns of a line; in a file separated by spaces, tabs separate if there are too few columns."""
        fields = _fields(text)
        if self.tabs or "\t" not in text or len(fields) == self.width or text.startswith("#"):
            return fields  # A comment may have a tab before "domain=en".
        return _fields(SPACE.sub(" ", text))

    def _index(self, column: str) -> int:
        if column.casefold() in self.names:
            return self.names.index(column.casefold())
        if column.isdecimal() and 1 <= int(column) <= self.width:
            return int(column) - 1
        raise DataError(f"{self.file.path} has no column {column!r}. Its columns: {', '.join(self.names)}.")

    def paths(self) -> list[Path]:
        return [self.file.path]

    def sentences(self) -> Iterator[Sentence]:
        """Yields all lines of the file, grouped by sentences; lines between sentences are sentences without tokens."""
        sentence = Sentence("", [], [], [], None)
        for number, (text, _) in enumerate(self.file.lines(), 1):
            text = text.rstrip("\r\n")
            fields = self._split(text)
            if not any(fields):
                yield sentence
                sentence = Sentence("", [], [], [], None)
                continue
            kind, fault = self._kind(text, fields, bool(sentence.where))
            complete = kind != "comment" and len(fields) == self.width
            # A file with a single column has no separator.
            separator = "\t" if "\t" in text or self.width == 1 else " "
            sentence.lines.append(Line(text, kind == "token", complete, separator))
            if kind == "token":
                where = f"line {number}"
                values, bad = self._values(text, fields, where, fault)
                if bad or not sentence.where:
                    sentence = sentence._replace(where=sentence.where or where, bad=sentence.bad or bad)
                if not bad:
                    sentence.tokens.append(values[0])
                    sentence.tags.extend(values[1:])
        if sentence.lines:
            yield sentence

    def _kind(self, text: str, fields: list[str], begun: bool) -> tuple[str, str]:
        """Returns the kind of a line, "token", "comment" or "unread", and the fault of its first column, or ""."""
        if text[0] == "#" and self._is_comment(text, fields, begun):
            return "comment", ""
        if fields[0] == DOCSTART:
            return "unread", ""
        if self.universal and len(fields) >= len(CONLLU):
            number = ID.fullmatch(fields[0])
            if not number:
                return "token", f"the ID {fields[0]!r} is not a number"
            return ("unread" if number[1] else "token"), ""
        return "token", ""

    def _is_comment(self, text: str, fields: list[str], begun: bool) -> bool:
        spaced = self.tabs and "\t" not in text
        if len(fields) == self.width and not spaced:
            return not (begun or self.universal) and PROPERTY.match(text) is not None
        if self.universal:
            return True
        return not begun and ((text[1:2] in (" ", "\t") and len(fields) > 1) or DOCUMENT.match(text) is not None)

    def _values(self, text: str, fields: list[str], where: str, fault: str) -> tuple[list[str], BadRow | None]:
        """Returns the token of a line and, if tags are read, its tag; or the fault of the line."""
        if len(fields) != self.width:
            fault = (
                f"{describe_fields(len(fields))}, but the first line has {self.width}: each token needs exactly one tag"
            )
        if fault:
            return [], BadRow(where, "", text.strip(), fault)
        values = [joined(fields[index]) for index in self.indices]
        for value, (word, column) in zip(values, self.columns.items(), strict=True):
            if not value:
                return [], BadRow(where, column, text.strip(), f"the {word.removesuffix('s')} is empty")
            if bad := check_text(value, where, column, self.file.encoding):
                return [], bad
        return values, None

    def rows(self) -> Iterator[Row | BadRow]:
        tagged = untagged = 0
        for sentence in self.sentences():
            if sentence.bad:
                tagged += 1
                yield sentence.bad
            elif any(tag != self.unspecified for tag in sentence.tags):
                tagged += 1
                yield Row(sentence.where, " ".join(sentence.tokens), " ".join(sentence.tags))
            elif sentence.tokens:
                untagged += 1
        if untagged and not tagged:
            raise DataError(
                f"{self.file.path} has no tags: the column {self.columns['tags']!r} contains only {UNSPECIFIED!r}. "
                "Name another column, such as --columns tags=xpos."
            )

    def defaults(self) -> dict[str, Any]:
        return tagging_defaults(tag for row in sampled(self.rows()) for tag in row.target.split(" "))


def _fields(text: str) -> list[str]:
    """Returns the columns of a line, at most `MAX_COLUMNS + 1`; those of an empty line are empty."""
    if "\t" in text:
        return [field.strip(" ") for field in text.split("\t", MAX_COLUMNS)]
    return [field for field in text.strip(" ").split(" ", MAX_COLUMNS) if field]


def joined(value: str) -> str:
    """Replaces ASCII whitespace in a token or tag, which would separate it, with no-break spaces."""
    return SPACE.sub("\N{NO-BREAK SPACE}", value)
