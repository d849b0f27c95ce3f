"""Answers to whole files, read and written as they go."""

import contextlib
import gzip
import io
import itertools
import sys
from collections.abc import Callable, Iterator
from typing import IO, Any

from keras_rnn_zoo.addresses.inputs import Asked, InputFile, open_inputs
from keras_rnn_zoo.addresses.rows import BadRow
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.files import output_file, user_path
from keras_rnn_zoo.loading import LoadedRun, load_run
from keras_rnn_zoo.prediction import predict
from keras_rnn_zoo.runs import Run, open_run

TOGETHER = 512
"""Inputs that are read before they are answered, so that batches can be made of similar lengths."""


def predict_file(
    run: Run | str | LoadedRun | None,
    input: str,
    output: str | None = None,
    *,
    columns: str = "",
    encoding: str = "",
    skip_bad_rows: bool = False,
    progress: Callable[[int], None] = lambda done: None,
    to: IO[str] | None = None,
    models_dir: str | None = None,
    **options: Any,
) -> dict[str, int]:
    """Answers the inputs in a file or folder, and writes the answers beside them in the form of the input.

    Tables get further columns, JSON lines further keys, texts a line for each line, CoNLL a further column, folders a
    CSV table with the names of the files. All is written in UTF-8.

    Args:
        run: the run or its name, or what `zoo.load` returned; `None` for the only run there is.
        input: the path, whose ending tells the form, or an address such as `csv:new.txt`.
        output: the file to write, compressed if it ends in .gz; standard output by default.
        columns: which column holds the input, such as `text=review`; by default the one that training read.
        encoding: the encoding of texts; by default what a byte order mark tells, or UTF-8.
        skip_bad_rows: whether to leave out rows that cannot be read.
        progress: called with the number of inputs answered, now and then.
        to: the open file to write to where `output` names none; standard output by default.
        models_dir: the folder of the runs; `$ZOO_MODELS_DIR` or `./saved_models` by default.
        **options: how to answer, as of `predict`.

    Returns:
        How many inputs were `answered`, and how many `skipped`.

    Raises:
        RunError: no such run, or a damaged one.
        DataError: the input is not there, or a row of it cannot be read.
    """
    found = run.run if isinstance(run, LoadedRun) else open_run(run, models_dir)
    source = open_inputs(input, found.config, columns, encoding)
    loaded = run if isinstance(run, LoadedRun) else load_run(found)
    counts = {"answered": 0, "skipped": 0}
    with _opened(output, to or sys.stdout) as file:
        write = source.writer(file)
        inputs = _usable(source, skip_bad_rows, counts)
        while part := list(itertools.islice(inputs, TOGETHER)):
            for asked, answer in zip(part, _answers(loaded, part, options), strict=True):
                write(asked, answer)
            counts["answered"] += len(part)
            progress(counts["answered"])
    return counts


def _usable(source: InputFile, skip_bad_rows: bool, counts: dict[str, int]) -> Iterator[Asked]:
    for asked in source.inputs():
        if isinstance(asked, Asked):
            yield asked
        elif skip_bad_rows:
            counts["skipped"] += 1
        else:
            _refuse(asked, source.path)


def _refuse(bad: BadRow, path: str) -> None:
    raise DataError(f"{bad.told(path)}. Correct it, or leave out such rows with --skip-bad-rows.")


def _answers(loaded: LoadedRun, part: list[Asked], options: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the answers in the order of the inputs, answered in the order of their lengths."""
    order = sorted(range(len(part)), key=lambda number: len(part[number].input))
    answers = predict(loaded, [part[number].input for number in order], **options)
    return [answer for _, answer in sorted(zip(order, answers, strict=True), key=lambda pair: pair[0])]


@contextlib.contextmanager
def _opened(output: str | None, otherwise: IO[str]) -> Iterator[IO[str]]:
    """Gives the file to write: the one given, or the one that `output` names, as `output_file` writes it."""
    if output is None:
        yield otherwise
        return
    path = user_path(output)
    with output_file(path) as content:
        text: Any = {"encoding": "utf-8", "newline": ""}
        packed = path.suffix == ".gz"
        with gzip.open(content, "wt", **text) if packed else io.TextIOWrapper(content, **text) as file:
            yield file
