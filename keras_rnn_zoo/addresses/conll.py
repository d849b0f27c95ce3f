"""Tagged sentences: a token a line, an empty line after each sentence."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.addresses.opening import files_dataset
from keras_rnn_zoo.addresses.rows import BadRow, Files, Row, first
from keras_rnn_zoo.addresses.textfile import TextFile, check_text
from keras_rnn_zoo.errors import DataError

CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
"""The columns of CoNLL-U, joined by tabs."""


class ConllFile(Files):
    """CoNLL-2003 or CoNLL-U, which is known by its ten columns; lines that begin with "#" there are comments.

    The columns are those of CoNLL-U by name, or numbers from 1; in CoNLL-2003 the first is the token and the last the
    tag.
    """

    def __init__(self, place: str, tasks: tuple[str, ...], given: Mapping[str, str], encoding: str) -> None:
        self.file = TextFile(place, encoding)
        self.task = tasks[0]
        lines = first((line for line, _ in self.file.lines() if line.strip() and not line.startswith("#")), 1)
        if not lines:
            raise DataError(f"{self.file.path} is empty. Name a file with a token a line.")
        ten = lines[0].rstrip("\r\n").split("\t")
        self.universal = len(ten) == len(CONLLU) and re.fullmatch(r"\d+([-.]\d+)?", ten[0]) is not None
        self.width = len(self._fields(lines[0]))
        self.names = list(CONLLU) if self.universal else [str(number) for number in range(1, self.width + 1)]
        if self.width < 2:
            raise DataError(
                f"{self.file.path} has one column, {lines[0].strip()[:60]!r}: a token and its tag are expected on each "
                "line, with a space or tab between."
            )
        usual = ("form", "upos") if self.universal else ("1", str(self.width))
        self.columns = {"tokens": usual[0], "tags": usual[1], **given}
        self.places = [self._place(column) for column in self.columns.values()]

    def _place(self, column: str) -> int:
        if column.casefold() in self.names:
            return self.names.index(column.casefold())
        if column.isdecimal() and 1 <= int(column) <= self.width:
            return int(column) - 1
        raise DataError(f"{self.file.path} has no column {column!r}. Its columns: {', '.join(self.names)}.")

    def _fields(self, line: str) -> list[str]:
        line = line.rstrip("\r\n")
        return [field.strip() for field in line.split("\t")] if "\t" in line else line.split()

    def paths(self) -> list[Path]:
        return [self.file.path]

    def rows(self) -> Iterator[Row | BadRow]:
        sentence: list[tuple[str, str]] = []
        bad: BadRow | None = None
        begin = 1
        for number, (line, _) in enumerate(self.file.lines(), 1):
            if not line.strip():
                if sentence or bad:
                    yield bad or self._row(begin, sentence)
                sentence, bad = [], None
            elif line.startswith("-DOCSTART-") or (line.startswith("#") and (self.universal or not sentence)):
                continue
            else:
                begin = begin if sentence or bad else number
                token = self._token(line, f"line {number}")
                if isinstance(token, BadRow):
                    bad = bad or token
                elif token:
                    sentence.append(token)
        if sentence or bad:
            yield bad or self._row(begin, sentence)

    def _row(self, begin: int, sentence: list[tuple[str, str]]) -> Row:
        tokens, tags = zip(*sentence, strict=True)
        return Row(f"line {begin}", " ".join(tokens), " ".join(tags))

    def _token(self, line: str, where: str) -> tuple[str, str] | BadRow | None:
        """Returns a token and its tag, the fault of a line, or `None` for a word that the text leaves out."""
        fields = self._fields(line)
        if fault := check_text(line, where, "", self.file.encoding):
            return fault
        if len(fields) != self.width:
            found = f"{len(fields)} field{'s' if len(fields) > 1 else ''}"
            wanted = f"{found} where the first line has {self.width}: tokens and tags must be as many"
            return BadRow(where, "", line.strip(), wanted)
        if self.universal and not fields[0].isdecimal():  # A contraction, whose words follow, or an elided word.
            return None
        token, tag = (re.sub(r"\s", "\N{NO-BREAK SPACE}", fields[place]) for place in self.places)
        if not token or not tag:
            empty = list(self.columns.values())[0 if not token else 1]
            return BadRow(where, empty, line.strip(), f"the {'token' if not token else 'tag'} is empty")
        return token, tag

    def defaults(self) -> dict[str, Any]:
        # As the zoo's own treebank: endings and capitals tell of words never seen.
        return {"char_units": 25, "dropout": 0.4, "token_dropout": 0.2}


@registry.form("conll", tasks=("tagging",), address="conll:FILE", endings=("conll", "conllu", "iob", "bio"))
def conll(place: str, tasks: tuple[str, ...], options: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """Tagged sentences in CoNLL-2003 or CoNLL-U: a token a line, an empty line after a sentence; gzip or not."""
    return files_dataset("conll", ConllFile, place, tasks, options, known)
