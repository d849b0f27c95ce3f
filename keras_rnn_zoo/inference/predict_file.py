"""Predictions for whole files, read and written as they go."""

import contextlib
import gzip
import io
import itertools
import sys
from collections.abc import Callable, Iterator
from typing import IO, Any

from keras_rnn_zoo.artifacts.run import Run, open_run
from keras_rnn_zoo.atomic_files import output_file, user_path
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.inference.load import LoadedRun, load_run
from keras_rnn_zoo.inference.predict import predict
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, open_inputs
from keras_rnn_zoo.user_data.rows import BadRow

TOGETHER = 512
"""Inputs that are read before they are answered, so that batches can be made of similar lengths."""


def predict_file(
    run: Run | str | LoadedRun | None,
    input: str,
    output: str | None = None,
    *,
    columns: str = "",
    encoding: str = "",
    separator: str = "",
    skip_bad_rows: bool = False,
    progress: Callable[[int], None] = lambda done: None,
    to: IO[str] | None = None,
    models_dir: str | None = None,
    **options: Any,
) -> dict[str, int]:
    """Predicts the inputs in a file or folder, and writes the predictions next to them in the form of the input.

    Tables get further columns, JSON lines further keys, texts a line for each line, CoNLL a further column, folders a
    CSV table with the names of the files. Columns and keys of a table that have the name of a prediction are replaced.
    All is written in UTF-8; bytes that are not in the file's encoding, in columns that nothing reads, are copied. In
    CSV and TSV a predicted text that a spreadsheet would take for a formula gets an apostrophe before it.

    Args:
        run: the run or its name, or what `zoo.load` returned; `None` for the only run there is.
        input: the path, whose ending tells the form, or an address such as `csv:new.txt`.
        output: the file to write, compressed if it ends in .gz; standard output by default.
        columns: which column holds the input, such as `text=review`; by default the one that training read.
        encoding: the encoding of texts; by default what a byte order mark tells, else UTF-8 or the encoding that
            training read.
        separator: what separates the columns of a CSV or TSV file; by default as in training, or what is found.
        skip_bad_rows: whether to leave out rows that cannot be read.
        progress: called with the number of inputs answered, now and then.
        to: the text file to write to where `output` names none; standard output, in UTF-8, by default.
        models_dir: the folder of the runs; `$ZOO_MODELS_DIR` or `./saved_models` by default.
        **options: how to answer, as of `predict`.

    Returns:
        How many inputs were `answered`, and how many `skipped`.

    Raises:
        RunError: no such run, or a damaged one.
        DataError: the input is not there or holds nothing to predict, or a row of it cannot be read.
    """
    found = run.run if isinstance(run, LoadedRun) else open_run(run, models_dir)
    source = open_inputs(input, found.config, columns, encoding, separator)
    loaded = run if isinstance(run, LoadedRun) else load_run(found)
    counts = {"answered": 0, "skipped": 0}
    with _opened(output, to) as file:
        write = source.writer(file)
        inputs = _usable(source, skip_bad_rows, counts)
        while part := list(itertools.islice(inputs, TOGETHER)):
            for asked, answer in zip(part, _answers(loaded, part, options), strict=True):
                write(asked, answer)
                counts["answered"] += asked.input is not None
            progress(counts["answered"])
        if not any(counts.values()):
            raise DataError(f"{source.path} holds nothing to predict. Name a file with inputs.")
    return counts


def _usable(source: InputFile, skip_bad_rows: bool, counts: dict[str, int]) -> Iterator[InputRecord]:
    for asked in source.inputs():
        if isinstance(asked, InputRecord):
            yield asked
        elif skip_bad_rows:
            counts["skipped"] += 1
        else:
            _refuse(asked, source.path)


def _refuse(bad: BadRow, path: str) -> None:
    raise DataError(f"{bad.describe(path)}. Correct it, or leave out such rows with --skip-bad-rows.")


def _answers(loaded: LoadedRun, part: list[InputRecord], options: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the predictions in the order of the inputs, made in the order of their lengths; {} for what is none."""
    given = [number for number, asked in enumerate(part) if asked.input is not None]
    order = sorted(given, key=lambda number: len(part[number].input))
    found = dict(zip(order, predict(loaded, [part[number].input for number in order], **options), strict=True))
    return [found.get(number, {}) for number in range(len(part))]


@contextlib.contextmanager
def _opened(output: str | None, to: IO[str] | None) -> Iterator[IO[str]]:
    """Gives the file to write: the one that `output` names, as `output_file` writes it, or `to`."""
    if output is None:
        with contextlib.nullcontext(to) if to else _utf8_stdout() as file:
            yield file
            file.flush()  # Here a full disk or a closed pipe is reported as one.
        return
    path = user_path(output)
    with output_file(path) as content:
        text: Any = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}
        packed = path.suffix == ".gz"
        with gzip.open(content, "wt", **text) if packed else io.TextIOWrapper(content, **text) as file:
            yield file


@contextlib.contextmanager
def _utf8_stdout() -> Iterator[IO[str]]:
    """Gives standard output in UTF-8, whatever the locale; what replaces it without bytes below, as it is."""
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        yield sys.stdout
        return
    sys.stdout.flush()
    file = io.TextIOWrapper(buffer, "utf-8", "surrogateescape", newline="")
    try:
        yield file
    finally:
        file.detach()  # Flushes, and leaves standard output open.
