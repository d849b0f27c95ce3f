"""What each worker needs to know to read inputs, answer them, and write the answers."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from keras_rnn_zoo.artifacts.run_config import ExportConfig, RunConfig
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.inference.output_files import Output, choose_output
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, open_inputs


@dataclass(frozen=True)
class Job:
    """A prediction of files, without anything that cannot be sent to a worker.

    Attributes:
        model: the path of the export, or of the run's folder, which every worker must reach.
        config: its description.
        format: the file format of the inputs.
        output: the path that the user named for the answers, whose extension names their format.
        reading: the options with which files are read: columns, encoding, separator, and those of single formats.
        options: prediction options.
        probabilities: whether a table gets a column with the probability of each class.
        names: the columns of the first of several files, in the order in which answers have them; empty for a single
            file, whose answers are written in its own form.
    """

    model: str
    config: RunConfig | ExportConfig
    format: str
    output: str
    reading: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    probabilities: bool = False
    names: tuple[str, ...] = ()

    def open(self, path: Path) -> InputFile:
        """Opens a file of inputs; the errors are those of `open_inputs`."""
        opened = open_inputs(f"{self.format}:{path}", self.config, **self.reading)
        if not self.names:
            return opened
        cells = opened.cells
        assert cells is not None  # `open_inputs` saw to it.

        def in_order(record: InputRecord) -> Mapping[str, Any]:
            found = cells(record)
            return {name: found.get(name) for name in self.names}

        return opened._replace(writer=None, cells=in_order)

    def output_of(self, source: InputFile, to: IO[str] | None = None) -> Output:
        """Returns the form in which the answers to a file are written; the errors are those of `choose_output`."""
        output = choose_output(source, self.output, None, probabilities=self.probabilities)
        if output.kind is not None and output.kind.binary:
            raise not_in_parts(self)
        return replace(output, path=None, to=to)


def not_in_parts(job: Job) -> DataError:
    """Returns the error for an output whose format is not lines of text that can be written one after another."""
    return DataError(
        f"Answers in the format of {job.output!r} cannot be written in parts, as several workers do. Name an output "
        "such as predictions.csv, predictions.tsv, or predictions.jsonl."
    )


def columns_of(source: InputFile) -> tuple[str, ...]:
    """Returns the columns of the first readable row of a file; empty if no row is readable."""
    record = next((record for record in source.inputs() if isinstance(record, InputRecord)), None)
    return tuple(source.cells(record)) if record and source.cells else ()


def text_of(output: Output, answers: Iterable[tuple[InputRecord, Any]]) -> str:
    """Returns answers as the text of a whole file, with a header if its format has one."""
    text = io.StringIO()
    with replace(output, to=text).opened() as write:
        for record, prediction in answers:
            write(record, output.form(prediction))
    return text.getvalue()
