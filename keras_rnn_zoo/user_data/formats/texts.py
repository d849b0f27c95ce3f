"""Plain texts: two files with a sentence a line, or one book."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.user_data.dataset import dataset_from_files
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, TrainedOn, Writer
from keras_rnn_zoo.user_data.prediction_outputs import flat, one_line
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource, first
from keras_rnn_zoo.user_data.text_corpus import book_dataset
from keras_rnn_zoo.user_data.text_defaults import text_defaults
from keras_rnn_zoo.user_data.textfile import TextFile, check_text


class ParallelTexts(RowSource):
    """Two files whose lines belong together: a sentence and its translation."""

    def __init__(self, place: str, tasks: tuple[str, ...], given: Mapping[str, str], encoding: str) -> None:
        places = [part.strip() for part in place.split(",")]
        if len(places) != 2 or not all(places):
            raise DataError(
                f"Two files joined by a comma are expected, such as text:train.ja,train.en; received {place!r}."
            )
        if given:
            raise OptionError("Texts have no columns: the first file is the source, the second the target.")
        self.files = [TextFile(part, encoding) for part in places]
        self.task, self.columns = tasks[0], {}

    def paths(self) -> list[Path]:
        return [file.path for file in self.files]

    def rows(self) -> Iterator[Row | BadRow]:
        streams = [file.lines() for file in self.files]
        number = 0
        while True:
            number += 1
            lines = [next(stream, None) for stream in streams]
            if None in lines:
                break
            yield self._row(f"line {number}", [line[0].rstrip("\r\n") for line in lines if line])
        if any(line and line[0].strip() for line in lines):
            longer, shorter = self.files if lines[0] else self.files[::-1]
            raise DataError(
                f"{longer.path} has more lines than {shorter.path}, which ends after line {number - 1:,}: line by line "
                "they cannot belong together. Look for a line break that one of them lacks."
            )

    def _row(self, where: str, texts: list[str]) -> Row | BadRow:
        for file, text in zip(self.files, texts, strict=True):
            if fault := check_text(text, f"{where} of {file.path.name}", "", file.encoding):
                return fault
        return Row(where, *texts)

    def defaults(self) -> dict[str, Any]:
        rows = [row for row in first(self.rows(), 200) if isinstance(row, Row)]
        return text_defaults(self.task_files, [row.raw for row in rows], [row.target for row in rows])


def text_inputs(place: str, trained: TrainedOn, *, encoding: str = "") -> InputFile:
    """Opens a text to predict, an input on each line; the first output of each is a line of the result."""
    text = TextFile(place, trained.encoding_of(place, encoding))

    def inputs() -> Iterator[InputRecord | BadRow]:
        for number, (line, _) in enumerate(text.lines(), 1):
            line = line.rstrip("\r\n")
            yield check_text(line, f"line {number}", "", text.encoding) or InputRecord(line, None)

    def writer(file: IO[str]) -> Writer:
        return lambda record, prediction: print(one_line(next(iter(flat(prediction).values()))), file=file)

    return InputFile(str(text.path), inputs, writer)


@registry.file_format(
    "text",
    order=4,
    tasks=("translation", "language_modeling"),
    address="text:SOURCE,TARGET or text:BOOK",
    endings=("txt", "text"),
    inputs=("text",),
    predict=text_inputs,
)
def text(place: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """Plain text, gzip or not: two files with a sentence a line, to translate; or one, to be gone on with."""
    if tasks[0] == "language_modeling":
        return book_dataset(place, options)
    return dataset_from_files("text", ParallelTexts, place, tasks, options, config)
