"""Files to predict: their inputs, one after another, and how predictions are written next to them."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, NamedTuple

from keras_rnn_zoo import registry
from keras_rnn_zoo.atomic_files import user_path
from keras_rnn_zoo.conventions import UNSPECIFIED
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.user_data.columns import ColumnError, guess, listed, parse_columns, words_of
from keras_rnn_zoo.user_data.folders import Folder
from keras_rnn_zoo.user_data.formats.audio import AudioFolder
from keras_rnn_zoo.user_data.formats.conll import ConllFile
from keras_rnn_zoo.user_data.formats.images import ImageFolder
from keras_rnn_zoo.user_data.formats.tables import CsvTable, JsonlTable, Table, TsvTable, likely_separator
from keras_rnn_zoo.user_data.prediction_outputs import Prediction, flat, json_line, one_line, row_writer
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.textfile import TextFile, check_text, likely_encoding

logger = logging.getLogger(__name__)

TABLES: Mapping[str, type[Table]] = {"csv": CsvTable, "tsv": TsvTable, "jsonl": JsonlTable}
FOLDERS: Mapping[str, type[Folder]] = {"image": ImageFolder, "audio": AudioFolder}


class InputRecord(NamedTuple):
    """One input as `predict` takes it, and what stands beside it in the file.

    Where the file holds no input, such as a comment between sentences, `input` is `None`.
    """

    input: Any
    beside: Any


Writer = Callable[[InputRecord, Prediction], None]


class InputFile(NamedTuple):
    """A file or folder of inputs.

    Attributes:
        path: the file or folder.
        inputs: gives the inputs, or what is wrong with one.
        writer: given a file, returns a function that writes an input with its prediction, as `predict` gives it; of
            what is no input the prediction is empty.
    """

    path: str
    inputs: Callable[[], Iterator[InputRecord | BadRow]]
    writer: Callable[[IO[str]], Writer]


def open_inputs(
    address: str, config: Mapping[str, Any], columns: str = "", encoding: str = "", separator: str = ""
) -> InputFile:
    """Opens the files that a run is to predict.

    Args:
        address: the path, whose ending tells the form, or an address.
        config: the run's `config.json`.
        columns: which column holds the input, such as `text=review`; by default the one that training read.
        encoding: the encoding of texts; "" for what a byte order mark tells, else for UTF-8 or the encoding that
            training read.
        separator: what separates the columns of a table; "" for what training was told, or what is found.

    Raises:
        OptionError: a separator is named for what is no table.
        DataError: the files are not there, or not of a form that the run's kind of input has.
    """
    task, kind = config["task"]["name"], config["task"]["input"]
    prefix, colon, place = address.partition(":")
    known = {form.name for form in registry.file_formats.entries()}
    form, place = (prefix, place) if colon and prefix in known else (_form_of(address, kind), address)
    if separator and form not in ("csv", "tsv"):
        raise OptionError(f"Option 'separator' goes with CSV and TSV files; {address!r} is none. Leave it out.")
    if kind in FOLDERS and form in (f"{kind}s", kind):
        return _folder(place, kind)
    if kind == "text" and (form in TABLES or form == "text" or (form == "conll" and task == "tagging")):
        encoding = encoding or likely_encoding(place, str(config["dataset"]["options"].get("encoding", "")))
        if form == "text":
            return _lines(place, encoding)
        # The column of the target may be named as it was in training; nothing reads it.
        word, *others = words_of(task, "text")
        given = parse_columns(columns, (word, *others)).get(word, "")
        read = config["dataset"]["name"].partition(":")[0]
        trained = config["dataset"].get("columns", {}).get(word, "")
        if (read == "conll") != (form == "conll"):
            trained = ""  # The columns of CoNLL mean nothing in a table.
        if form == "conll":
            return _sentences(place, given, trained, encoding)
        usual = str(config["dataset"]["options"].get("separator", ""))
        separator = separator or likely_separator(place, encoding, usual)
        guessed = read not in TABLES
        return _table(TABLES[form], place, task, word, given, trained, encoding, separator, guessed=guessed)
    forms = {"text": "csv:FILE, tsv:FILE, jsonl:FILE, text:FILE", "image": "images:DIR", "audio": "audio:DIR"}
    raise DataError(
        f"The run reads {kind}; {address!r} is of no form with that. Name "
        f"{forms.get(kind, 'each series as JSON instead, or call zoo.predict from Python')}."
    )


def _form_of(path: str, kind: str) -> str:
    if user_path(path).is_dir():
        return "images" if kind == "image" else kind
    ending = path.casefold().removesuffix(".gz").rpartition(".")[2]
    forms = [form.name for form in registry.file_formats.entries() if ending in form.endings]
    if not forms:
        raise DataError(f"The ending of {path!r} tells no form. Name it, such as csv:{path} or text:{path}.")
    return forms[0]


def _table(
    kind: type[Table],
    place: str,
    task: str,
    word: str,
    given: str,
    trained: str,
    encoding: str,
    separator: str,
    *,
    guessed: bool,
) -> InputFile:
    """Opens a table with the column given, else the one trained on, else, if it may be `guessed`, a usual one."""

    def opened(column: str) -> Table:
        return kind(place, (task,), {word: column} if column else {}, encoding, (word,), separator)

    try:
        table = opened(given or trained)
    except ColumnError as error:
        if given or not trained:
            raise
        if not guessed:
            raise DataError(f"{error} {_way_out(word, trained)}") from None
        table = opened("")
    if table.columns[word] not in (given, trained, guess(word, table.present, task)):
        # The name of an only column may be the first row of a file without a header.
        present = listed(table.present)
        raise DataError(
            f"{table.file.path}: none of its columns ({present}) is named as one for {word!r} usually is. "
            f"{_way_out(word, '')}"
        )

    def inputs() -> Iterator[InputRecord | BadRow]:
        for record, _ in table.records():
            row = table.row_of(record)
            yield row if isinstance(row, BadRow) else InputRecord(row.raw, record)

    def writer(file: IO[str]) -> Writer:
        if isinstance(table, JsonlTable):
            return lambda asked, prediction: print(json_line(asked.beside.whole, prediction), file=file)
        header = table.present if table.has_header else None
        write = row_writer(file, header, delimiter=table.delimiter, tsv=isinstance(table, TsvTable))
        return lambda asked, prediction: write(asked.beside.fields, prediction)

    return InputFile(str(table.file.path), inputs, writer)


def _way_out(word: str, trained: str) -> str:
    read = f"The run was trained on the column {trained!r}. " if trained else ""
    return f"{read}Name the column to read: --columns {word}=NAME, or --columns {word}=1 in a file without a header."


def _lines(place: str, encoding: str) -> InputFile:
    text = TextFile(place, encoding)

    def inputs() -> Iterator[InputRecord | BadRow]:
        for number, (line, _) in enumerate(text.lines(), 1):
            line = line.rstrip("\r\n")
            yield check_text(line, f"line {number}", "", text.encoding) or InputRecord(line, None)

    def writer(file: IO[str]) -> Writer:
        return lambda asked, prediction: print(one_line(next(iter(flat(prediction).values()))), file=file)

    return InputFile(str(text.path), inputs, writer)


def _sentences(place: str, given: str, trained: str, encoding: str) -> InputFile:
    def opened(column: str) -> ConllFile:
        return ConllFile(place, ("tagging",), {"tokens": column} if column else {}, encoding, ("tokens",))

    found = opened(given)
    if not given and trained in found.names:  # Else the run was trained on another form.
        found = opened(trained)

    def inputs() -> Iterator[InputRecord | BadRow]:
        for sentence in found.sentences():
            yield sentence.bad or InputRecord(" ".join(sentence.tokens) or None, sentence.lines)

    def writer(file: IO[str]) -> Writer:
        def write(asked: InputRecord, prediction: Prediction) -> None:
            tags = iter(prediction.get("tags", ()))
            for line in asked.beside:
                # All lines get as many columns, which programs such as conlleval require.
                print(line.with_column(next(tags, UNSPECIFIED) if line.is_token else UNSPECIFIED), file=file)
            print(file=file)

        return write

    return InputFile(str(found.file.path), inputs, writer)


def _folder(place: str, kind: str) -> InputFile:
    folder = FOLDERS[kind](place, ("",), {}, "")  # For no task, it asks for no labels.

    for warning in folder.warnings():
        logger.warning("Warning: %s", warning)

    def inputs() -> Iterator[InputRecord | BadRow]:
        rows = list(folder.rows())
        # First what is known before anything is predicted.
        yield from (row for row in rows if isinstance(row, BadRow))
        for row in rows:
            if isinstance(row, BadRow):
                continue
            if fault := folder.check(row):
                yield BadRow(row.where, "", "", fault)
            else:
                yield InputRecord(str(folder.folder / row.raw), row.raw)

    def writer(file: IO[str]) -> Writer:
        write = row_writer(file, [kind])
        return lambda asked, prediction: write([asked.beside], prediction)

    return InputFile(str(folder.folder), inputs, writer)
