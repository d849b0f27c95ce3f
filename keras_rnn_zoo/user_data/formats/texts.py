"""The format `text`: two parallel files with a sentence per line, or a single text."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.entries.files import file_in_folder
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.user_data.dataset import dataset_from_files
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, TrainedOn, Writer
from keras_rnn_zoo.user_data.prediction_outputs import flat, one_line
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource, sampled
from keras_rnn_zoo.user_data.text_corpus import corpus_dataset
from keras_rnn_zoo.user_data.text_defaults import text_defaults
from keras_rnn_zoo.user_data.textfile import Mark, TextFile, check_text


class ParallelTexts(RowSource):
    """Two files with corresponding lines: a sentence and its translation."""

    def __init__(self, location: str, tasks: tuple[str, ...], given: Mapping[str, str], encoding: str) -> None:
        paths = [path.strip() for path in location.split(",")]
        if len(paths) != 2 or not all(paths):
            raise DataError(
                f"Two files separated by a comma are expected, such as text:train.ja,train.en; received {location!r}."
            )
        if given:
            raise OptionError("Texts have no columns: the first file is the source, the second the target.")
        self.files = [TextFile(path, encoding) for path in paths]
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
                f"{longer.path} has more lines than {shorter.path}, which ends after line {number - 1:,}, so their "
                "lines do not correspond. Check for a missing line break in one of them."
            )

    def _row(self, where: str, texts: list[str]) -> Row | BadRow:
        for file, text in zip(self.files, texts, strict=True):
            if fault := check_text(text, f"{where} of {file.path.name}", "", file.encoding):
                return fault
        return Row(where, *texts)

    def defaults(self) -> dict[str, Any]:
        rows = sampled(self.rows())
        return text_defaults(self.task_files, [row.raw for row in rows], [row.target for row in rows])


def text_inputs(location: str, trained: TrainedOn, *, encoding: str = "") -> InputFile:
    """Opens a text to predict, with an input on each line; the first output for each is a line of the result."""
    text = TextFile(location, trained.encoding_of(location, encoding))

    def marked(mark: Mark | None = None) -> Iterator[tuple[InputRecord | BadRow, Mark]]:
        start = mark or text.start
        for number, (line, end) in enumerate(text.lines(start), start.line + 1):
            line = line.rstrip("\r\n")
            row = check_text(line, f"line {number}", "", text.encoding) or InputRecord(line, None)
            yield row, Mark(end, number)

    def writer(file: IO[str]) -> Writer:
        return lambda record, prediction: print(one_line(next(iter(flat(prediction).values()))), file=file)

    def inputs() -> Iterator[InputRecord | BadRow]:
        return (row for row, _ in marked())

    return InputFile(str(text.path), inputs, writer, marked=marked if text.seekable else None)


@registry.file_format(
    "text",
    order=4,
    tasks=("translation", "language_modeling"),
    address="text:SOURCE,TARGET or text:BOOK",
    endings=("txt", "text"),
    unclear_endings=("txt", "text"),
    inputs=("text",),
    predict=text_inputs,
    move=lambda location, folder: ",".join(file_in_folder(path, folder) for path in location.split(",")),
)
def text(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """Plain text, gzip or not: two files with a sentence per line, for translation; or one, for language modeling."""
    if tasks[0] == "language_modeling":
        return corpus_dataset(location, options)
    return dataset_from_files("text", ParallelTexts, location, tasks, options, config)
