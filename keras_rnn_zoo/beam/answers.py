"""Answers to chunks of rows, and their text."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from keras_rnn_zoo.beam.job import Job, not_in_parts, text_of
from keras_rnn_zoo.beam.parts import Chunk
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.inference.predict_file import CHUNK_SIZE, predictions_of
from keras_rnn_zoo.inference.predictor import Predictor
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord
from keras_rnn_zoo.user_data.rows import BadRow

ERRORS = ("file", "row", "reason")
"""The columns of the side output of rows without an answer."""

Fault = tuple[str, str, str]
"""A row without an answer: its file, its place in it, and the reason."""


class Answers(NamedTuple):
    """The answers to a chunk.

    Attributes:
        chunk: the chunk.
        predictions: for each of its rows, the prediction; or, for one that has none, the reason.
    """

    chunk: Chunk
    predictions: list[Mapping[str, Any] | str]


class Written(NamedTuple):
    """The text of the answers to a chunk.

    Attributes:
        header: the header, in bytes; empty if the format has none or there are no answers.
        body: the answers, in bytes.
        faults: the rows without an answer.
        answered: number of answers.
    """

    header: bytes
    body: bytes
    faults: list[Fault]
    answered: int


def answered(loaded: Predictor, chunk: Chunk, options: Mapping[str, Any]) -> Answers:
    """Predicts the rows of a chunk.

    Args:
        loaded: the run or export.
        chunk: the rows.
        options: prediction options.
    """
    predicted = _predicted(loaded, [row for row in chunk.rows if isinstance(row, InputRecord)], options)
    predictions = [next(predicted) if isinstance(row, InputRecord) else _reason(row) for row in chunk.rows]
    return Answers(chunk, predictions)


def _predicted(
    loaded: Predictor, records: Sequence[InputRecord], options: Mapping[str, Any]
) -> Iterator[Mapping[str, Any] | str]:
    for start in range(0, len(records), CHUNK_SIZE):
        batch = records[start : start + CHUNK_SIZE]
        try:
            yield from predictions_of(loaded, batch, options)
        except DataError:
            for record in batch:  # One of them cannot be predicted; the others can.
                yield _single(loaded, record, options)


def _single(loaded: Predictor, record: InputRecord, options: Mapping[str, Any]) -> Mapping[str, Any] | str:
    try:
        return predictions_of(loaded, [record], options)[0]
    except DataError as error:
        return str(error)


def _reason(bad: BadRow) -> str:
    """Returns the fault of a row without its place."""
    return bad._replace(where="").describe("").lstrip(",: ")


def written(job: Job, source: InputFile, path: str, answers: Answers) -> Written:
    """Returns the answers to a chunk as text, and the rows without an answer.

    Args:
        job: the job.
        source: the file of the chunk, opened.
        path: the file, for the side output.
        answers: the answers.

    Raises:
        DataError: the format of the answers cannot be written in parts.
    """
    good, faults = [], list[Fault]()
    for row, prediction in zip(answers.chunk.rows, answers.predictions, strict=True):
        if isinstance(row, InputRecord) and not isinstance(prediction, str):
            good.append((row, prediction))
        else:
            where = row.where if isinstance(row, BadRow) else _place(row)
            faults.append((path, where, str(prediction)))
    if not good:
        return Written(b"", b"", faults, 0)
    output = job.output_of(source)
    whole, twice = text_of(output, good), text_of(output, [good[0], good[0]])
    # The first answer follows the header, the second only the first: this works for every format of lines.
    once = text_of(output, good[:1])
    header = once[: len(once) - (len(twice) - len(once))]
    if not whole.startswith(once) or twice != once + once[len(header) :]:
        raise not_in_parts(job)
    text = [part.encode("utf-8", "surrogateescape") for part in (header, whole[len(header) :])]
    return Written(text[0], text[1], faults, len(good))


def _place(record: InputRecord) -> str:
    """Returns the place of a row that can be read, such as "line 7"; "" if its format does not say."""
    return str(getattr(record.record, "where", ""))


def faults_text(faults: Sequence[Fault]) -> bytes:
    """Returns rows of the side output, without its header."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(faults)
    return text.getvalue().encode("utf-8", "backslashreplace")
