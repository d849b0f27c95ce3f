"""Files to be answered: their inputs, one after another, and the answers written beside them."""

import contextlib
import csv
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, NamedTuple

from keras_rnn_zoo import registry
from keras_rnn_zoo.addresses.audio import AudioFolder
from keras_rnn_zoo.addresses.columns import parse_columns, words_of
from keras_rnn_zoo.addresses.folders import Folder
from keras_rnn_zoo.addresses.images import ImageFolder
from keras_rnn_zoo.addresses.rows import BadRow
from keras_rnn_zoo.addresses.tables import CsvTable, JsonlTable, Table, TsvTable, likely_separator
from keras_rnn_zoo.addresses.textfile import TextFile, check_text
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.files import user_path

logger = logging.getLogger(__name__)

TABLES: Mapping[str, type[Table]] = {"csv": CsvTable, "tsv": TsvTable, "jsonl": JsonlTable}
FOLDERS: Mapping[str, type[Folder]] = {"image": ImageFolder, "audio": AudioFolder}


class Asked(NamedTuple):
    """One input as `predict` takes it, and what stands beside it in the file."""

    input: Any
    beside: Any


class InputFile(NamedTuple):
    """A file or folder of inputs.

    Attributes:
        path: the file or folder.
        inputs: gives the inputs, or what is wrong with one.
        writer: given a file, returns a function that writes one answer, as `predict` gives it, beside its input.
    """

    path: str
    inputs: Callable[[], Iterator[Asked | BadRow]]
    writer: Callable[[IO[str]], Callable[[Asked, Mapping[str, Any]], None]]


def open_inputs(address: str, config: Mapping[str, Any], columns: str = "", encoding: str = "") -> InputFile:
    """Opens files to be answered by a run.

    Args:
        address: the path, whose ending tells the form, or an address.
        config: the run's `config.json`.
        columns: which column holds the input, such as `text=review`; by default the one that training read.
        encoding: the encoding of texts; "" for the one that a byte order mark tells, else UTF-8.

    Raises:
        DataError: the files are not there, or not of a form that the run's kind of input has.
    """
    task, kind = config["task"]["name"], config["task"]["input"]
    prefix, colon, place = address.partition(":")
    known = {form.name for form in registry.forms.entries()}
    form, place = (prefix, place) if colon and prefix in known else (_form_of(address, kind), address)
    if kind in FOLDERS and form in (f"{kind}s", kind):
        return _folder(place, kind)
    if kind == "text" and form in TABLES:
        return _table(TABLES[form], place, task, config, columns, encoding)
    if kind == "text" and form == "conll" and task == "tagging":
        return _sentences(place, encoding)
    if kind == "text" and form == "text":
        return _lines(place, encoding)
    forms = {"text": "csv:FILE, tsv:FILE, jsonl:FILE, text:FILE", "image": "images:DIR", "audio": "audio:DIR"}
    raise DataError(
        f"The run reads {kind}; {address!r} is of no form with that. Name {forms.get(kind, 'inputs one by one')}."
    )


def _form_of(path: str, kind: str) -> str:
    if user_path(path).is_dir():
        return "images" if kind == "image" else kind
    ending = path.casefold().removesuffix(".gz").rpartition(".")[2]
    forms = [form.name for form in registry.forms.entries() if ending in form.endings]
    if not forms:
        raise DataError(f"The ending of {path!r} tells no form. Name it, such as csv:{path} or text:{path}.")
    return forms[0]


def _table(
    kind: type[Table], place: str, task: str, config: Mapping[str, Any], columns: str, encoding: str
) -> InputFile:
    (word, *_) = words_of(task, "text")
    given = parse_columns(columns, (word,))
    trained = config["dataset"].get("columns", {}).get(word)
    named = str(config["dataset"].get("options", {}).get("separator", ""))
    separator = likely_separator(place, encoding, named)
    table = None
    if trained and not given:
        with contextlib.suppress(DataError):  # Another file may name its column otherwise.
            table = kind(place, (task,), {word: trained}, encoding, (word,), separator)
    table = table or kind(place, (task,), given, encoding, (word,), separator)

    def inputs() -> Iterator[Asked | BadRow]:
        for record, _ in table.records():
            row = table.row_of(record)
            yield row if isinstance(row, BadRow) else Asked(row.raw, record)

    def writer(file: IO[str]) -> Callable[[Asked, Mapping[str, Any]], None]:
        if isinstance(table, JsonlTable):
            return lambda asked, answer: print(
                json.dumps({**asked.beside.whole, **_named(answer)}, ensure_ascii=False), file=file
            )
        return _row_writer(
            file, table.present if table.has_header else None, lambda asked: asked.beside.fields, table.delimiter
        )

    return InputFile(str(table.file.path), inputs, writer)


def _row_writer(
    file: IO[str], header: list[str] | None, fields: Callable[[Asked], Any], delimiter: str = ","
) -> Callable[[Asked, Mapping[str, Any]], None]:
    """Returns a function that writes answers as further columns of a table."""
    rows = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    begun = False

    def write(asked: Asked, answer: Mapping[str, Any]) -> None:
        nonlocal begun
        named = _named(_flat(answer))
        if header is not None and not begun:
            rows.writerow([*header, *named])
        begun = True
        values = [_one_line(value) if delimiter == "\t" else value for value in [*fields(asked), *named.values()]]
        rows.writerow(values)

    return write


def _lines(place: str, encoding: str) -> InputFile:
    text = TextFile(place, encoding)

    def inputs() -> Iterator[Asked | BadRow]:
        for number, (line, _) in enumerate(text.lines(), 1):
            line = line.rstrip("\r\n")
            yield check_text(line, f"line {number}", "", text.encoding) or Asked(line, None)

    def writer(file: IO[str]) -> Callable[[Asked, Mapping[str, Any]], None]:
        return lambda asked, answer: print(_one_line(next(iter(_flat(answer).values()))), file=file)

    return InputFile(str(text.path), inputs, writer)


def _sentences(place: str, encoding: str) -> InputFile:
    text = TextFile(place, encoding)

    def inputs() -> Iterator[Asked | BadRow]:
        sentence: list[str] = []
        for number, (line, _) in enumerate((*text.lines(), ("", 0)), 1):
            line = line.rstrip("\r\n")
            if bad := check_text(line, f"line {number}", "", text.encoding):
                yield bad
                continue
            if line.strip():
                sentence.append(line)
            elif sentence:
                yield Asked(" ".join(_token(row) for row in sentence if not row.startswith("# ")), sentence)
                sentence = []

    def writer(file: IO[str]) -> Callable[[Asked, Mapping[str, Any]], None]:
        def write(asked: Asked, answer: Mapping[str, Any]) -> None:
            tags = iter(answer["tags"])
            for row in asked.beside:
                print(row if row.startswith("# ") else f"{row}\t{next(tags, '_')}", file=file)
            print(file=file)

        return write

    return InputFile(str(text.path), inputs, writer)


def _token(row: str) -> str:
    """Returns the token on a line: in CoNLL-U the second column, else the first."""
    fields = row.split("\t") if "\t" in row else row.split()
    token = fields[1] if len(fields) == 10 and fields[0].replace("-", "").replace(".", "").isdecimal() else fields[0]
    return "\N{NO-BREAK SPACE}".join(token.split()) or "_"


def _folder(place: str, kind: str) -> InputFile:
    folder = FOLDERS[kind](place, ("",), {}, "")  # For no task, it asks for no labels.

    for warning in folder.warnings():
        logger.warning("Warning: %s", warning)

    def inputs() -> Iterator[Asked | BadRow]:
        rows = list(folder.rows())
        # First what is known before anything is predicted.
        yield from (row for row in rows if isinstance(row, BadRow))
        for row in rows:
            if isinstance(row, BadRow):
                continue
            if fault := folder.check(row):
                yield BadRow(row.where, "", "", fault)
            else:
                yield Asked(str(folder.folder / row.raw), row.raw)

    def writer(file: IO[str]) -> Callable[[Asked, Mapping[str, Any]], None]:
        return _row_writer(file, [kind], lambda asked: [asked.beside])

    return InputFile(str(folder.folder), inputs, writer)


def _named(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {f"predicted_{name}": value for name, value in answer.items()}


def _flat(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an answer as values that fit into a cell: the likeliest class with its probability, tags joined."""
    flat: dict[str, Any] = {}
    for name, value in answer.items():
        if name == "probabilities":
            flat["probability"] = max(value)
        elif name == "tags":
            flat = {name: " ".join(value), **flat}
        elif not isinstance(value, list) and name != "lengths":
            flat[name] = value
    return flat


def _one_line(value: Any) -> str:
    return " ".join(str(value).split("\n")).replace("\t", " ").replace("\r", "")
