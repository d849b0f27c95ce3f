"""The file that predictions are written to: its format, by the extension, and how it is opened."""

import contextlib
import gzip
import io
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.atomic_files import STANDARD_STREAM, is_written_in_place, output_file, user_path
from keras_rnn_zoo.entries.addresses import ending_of
from keras_rnn_zoo.errors import DataError, OptionError, nearest
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, Writer
from keras_rnn_zoo.user_data.prediction_outputs import Prediction, PredictionFile, flat

_TEXT: Any = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}


@dataclass(frozen=True)
class Output:
    """Where and how predictions are written.

    Attributes:
        source: the inputs.
        path: the file; `None` for standard output.
        to: the text file in place of standard output, if any.
        kind: the class that writes the format; `None` for the format of the inputs, by their own writer.
        every_class: whether table cells include the probability of each class.
    """

    source: InputFile
    path: str | None
    to: IO[str] | None
    kind: type[PredictionFile] | None
    every_class: bool = False

    @property
    def flat(self) -> bool:
        """Whether predictions are written as table cells."""
        if self.source.rows is not None:  # It makes cells of predictions itself.
            return False
        return self.kind.flat if self.kind else self.source.flat

    def form(self, prediction: Prediction) -> Prediction:
        """Returns a prediction in the form in which it is written: as table cells, or as it is."""
        return flat(prediction, every_class=self.every_class) if self.flat else prediction

    @contextlib.contextmanager
    def opened(self) -> Iterator[Writer]:
        """Yields the function that writes a record and its prediction."""
        with _opened(self.path, self.to, binary=self.kind is not None and self.kind.binary) as file:
            if self.kind is None:
                assert self.source.writer is not None  # `choose_output` saw to it.
                yield self.source.writer(file)
                return
            rows, cells = self.kind(file, self.source.schema), self.source.cells
            assert cells is not None  # `open_inputs` saw to it.

            def write(record: InputRecord, prediction: Prediction) -> None:
                if self.source.rows is not None:
                    for values, predicted in self.source.rows(record, prediction):
                        rows.write(values, flat(predicted, every_class=self.every_class) if rows.flat else predicted)
                elif record.input is not None:
                    rows.write(cells(record), prediction)

            yield write
            rows.close()


def choose_output(source: InputFile, output: str | None, to: IO[str] | None, *, probabilities: bool) -> Output:
    """Chooses the format of predictions: by the extension of the output, or else that of the inputs.

    Standard output gets text: CSV if the format of the inputs is not text.

    Args:
        source: the inputs.
        output: the file to write; `None` or "-" for standard output.
        to: the text file in place of standard output, if any.
        probabilities: whether the probability of each class is to be written.

    Raises:
        DataError: predictions cannot be written in the format of the inputs, and the output names no other; or its
            extension is of no format.
        OptionError: the format cannot hold the probability of each class.
    """
    path = None if output == STANDARD_STREAM else output
    entries = [entry for entry in registry.file_formats.entries() if entry.write]
    ending = ending_of(path) if path else ""
    _check_ending(source, path, ending, entries)
    named = [entry for entry in entries if ending in entry.endings and entry.name != source.format]
    if path and not named and source.writer is None:
        named = [entry for entry in entries if entry.name == source.format]
        if not named:
            endings = ", ".join(f".{entry.endings[0]}" for entry in entries)
            raise DataError(
                f"Predictions for {source.path} cannot be written in its own format. Name an output with one of the "
                f"extensions {endings}; received {path!r}."
            )
    elif not path and source.writer is None:
        same = [entry for entry in entries if entry.name == source.format and entry.write and not entry.write.binary]
        named = same or [registry.file_formats.get("csv")]
    chosen = Output(source, path, to, named[0].write if named else None, probabilities)
    if probabilities and not named and not source.flat and source.format not in [entry.name for entry in entries]:
        raise OptionError(
            f"The probability of each class cannot be written in the format {source.format!r}. Name an output such as "
            "predictions.csv or predictions.jsonl."
        )
    return chosen


def _check_ending(source: InputFile, path: str | None, ending: str, entries: Sequence[registry.FileFormat]) -> None:
    """Raises `DataError` if an extension is misspelled, or names no format while the inputs are no lines of text."""
    known = [name for entry in entries for name in entry.endings]
    own = [entry for entry in registry.file_formats.entries() if entry.name == source.format]
    if not path or not ending or ending in (*known, *(name for entry in own for name in entry.endings)):
        return
    close = nearest(ending, known)
    has_lines = bool(own) and own[0] not in entries and not own[0].folder
    if ending == ending_of(source.path) or is_written_in_place(user_path(path)) or (has_lines and not close):
        return  # Translations and tags are often written to files such as news.de.
    hint = f"Did you mean .{close[0]}? " if close else ""
    raise DataError(
        f"The extension of the output {path!r} names no format. {hint}Known extensions: "
        f"{', '.join(f'.{name}' for name in known)}."
    )


@contextlib.contextmanager
def _opened(output: str | None, to: IO[str] | None, *, binary: bool) -> Iterator[IO[Any]]:
    """Yields the file to write: the file `output`, as opened by `output_file`, or `to`, or standard output."""
    if output is None:
        with contextlib.nullcontext(to) if to else _utf8_stdout() as file:
            yield file
            file.flush()  # Report a full disk or a closed pipe here.
        return
    path = user_path(output)
    with output_file(path) as content, contextlib.ExitStack() as stack:
        if binary and path.suffix == ".gz":
            # ZIP archives, such as .xlsx and .npz, are not written from start to end.
            whole = stack.enter_context(tempfile.TemporaryFile())
            yield whole
            whole.seek(0)
            with gzip.open(content, "wb") as compressed:
                shutil.copyfileobj(whole, compressed)
            return
        raw: Any = stack.enter_context(gzip.open(content, "wb")) if path.suffix == ".gz" else content
        yield raw if binary else stack.enter_context(io.TextIOWrapper(raw, **_TEXT))


@contextlib.contextmanager
def _utf8_stdout() -> Iterator[IO[str]]:
    """Yields standard output as UTF-8, whatever the locale; a replacement without a byte buffer is yielded as is."""
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        yield sys.stdout
        return
    sys.stdout.flush()
    file = io.TextIOWrapper(buffer, **_TEXT)
    try:
        yield file
    finally:
        file.detach()  # Flushes, and leaves standard output open.
