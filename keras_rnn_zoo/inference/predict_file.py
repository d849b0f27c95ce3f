"""Predictions for whole files, which are read and written incrementally."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.export import find_export, read_facts
from keras_rnn_zoo.artifacts.run import Run, open_run
from keras_rnn_zoo.artifacts.run_config import ExportConfig, RunConfig
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.inference.engine import ENGINE, check_engine
from keras_rnn_zoo.inference.load import LoadedExport, load
from keras_rnn_zoo.inference.output_files import choose_output
from keras_rnn_zoo.inference.predict import predict
from keras_rnn_zoo.inference.predict_table import SERIES_TASKS
from keras_rnn_zoo.inference.predictor import Predictor, one_warning
from keras_rnn_zoo.inference.standard_input import readable_address
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, open_inputs
from keras_rnn_zoo.user_data.rows import BadRow

CHUNK_SIZE = 512
"""Number of inputs to read at a time and sort by length, so that batches need little padding."""


def predict_file(
    run: Run | str | Predictor | None,
    input: str,
    output: str | None = None,
    *,
    columns: str = "",
    encoding: str = "",
    separator: str = "",
    probabilities: bool = False,
    skip_bad_rows: bool = False,
    progress: Callable[[int], None] = lambda done: None,
    to: IO[str] | None = None,
    models_dir: str | None = None,
    engine: str = "",
    shards: int = 1,
    runner: Sequence[str] = (),
    **options: Any,
) -> dict[str, int]:
    """Predicts the inputs in a file or folder, and writes them with their predictions to another file.

    The extension of the output determines its format, which is otherwise that of the input. Tables get additional
    columns, JSON additional keys, text files one line per input line, CoNLL files an additional column, and folders a
    CSV table with the names of the files. Columns and keys with the name of a prediction are replaced. Text is UTF-8;
    invalid bytes in columns that are not read are copied. In CSV and TSV files, a predicted text that a spreadsheet
    would interpret as a formula is prefixed with an apostrophe.

    Args:
        run: the run or its name, the path of an export, or what `zoo.load` returned for one of them; `None` for the
            only run. An export does not know the column that training read: name it if its name is not a usual one.
        input: the path, whose extension determines the file format, or an address such as `csv:new.txt`. `"-"` is
            standard input with an input on each line; `"csv:-"` is standard input in that format.
        output: the file to write, compressed if it ends in .gz; by default or for `-`, standard output.
        columns: which column holds the input, such as `text=review`; by default, the one that training read.
        encoding: the encoding of texts; by default, the one of a byte order mark, or else UTF-8 or the encoding that
            training read.
        separator: the separator of columns in a CSV or TSV file; by default, as in training, or detected.
        probabilities: whether a table gets a column with the probability of each class. JSON always contains them.
        skip_bad_rows: whether to skip rows that cannot be read.
        progress: function that is called regularly with the number of inputs predicted so far.
        to: the text file to write to in place of standard output.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.
        engine: `"beam"` predicts on Apache Beam, with many workers; see docs/beam.md. Files may then be remote, and
            rows without an answer are in a file of their own, with the reason. By default, this process predicts.
        shards: with Beam, the number of files to write.
        runner: with Beam, the options of its runner, such as `["--runner=FlinkRunner"]`.
        **options: prediction options, as for `predict`, and options of the input's format, such as the `sheet` of a
            workbook.

    Returns:
        A dict with the number of inputs that were predicted, `predicted`, and of those that were skipped, `skipped`.

    Raises:
        RunError: the run does not exist or is damaged.
        DataError: the input does not exist or is empty, a row cannot be read, or the output's format cannot be written.
    """
    reading = {name: options.pop(name) for name in registry.reading_options() if name in options}
    if engine or shards != 1 or runner:
        check_engine(engine, "the options shards and runner require it")
        _check_bad_rows(skip_bad_rows)
        from keras_rnn_zoo.beam.predict_files import predict_files

        return predict_files(
            run,
            input,
            output,
            reading={"columns": columns, "encoding": encoding, "separator": separator, **reading},
            options=options,
            probabilities=probabilities,
            shards=shards,
            runner=runner,
            models_dir=models_dir,
        )
    found, config = described(run, models_dir)
    if not isinstance(found, Run) and config.task.name in SERIES_TASKS:
        raise DataError(f"A file for the task {config.task.name} requires its run, which knows the columns. Pass it.")
    counts = {"predicted": 0, "skipped": 0}
    with readable_address(input) as address:
        source = open_inputs(address, config, columns, encoding, separator, **reading)
        written = choose_output(source, output, to, probabilities=probabilities)
        loaded = run if isinstance(run, Predictor) else load(found)
        inputs = _valid_records(source, skip_bad_rows, counts)
        with written.opened() as write, one_warning():
            while records := list(itertools.islice(inputs, CHUNK_SIZE)):
                for record, prediction in zip(records, predictions_of(loaded, records, options), strict=True):
                    write(record, written.form(prediction))
                    counts["predicted"] += record.input is not None
                progress(counts["predicted"])
            if not any(counts.values()):
                raise DataError(f"{source.path} contains nothing to predict. Name a file with inputs.")
    return counts


def _check_bad_rows(skip_bad_rows: bool) -> None:
    """Raises `OptionError` if rows are to be skipped with Beam, which says what became of each."""
    if skip_bad_rows:
        raise OptionError(
            f"The engine {ENGINE} always writes rows without an answer to a file of their own. Omit --skip-bad-rows."
        )


def described(
    run: Run | str | Predictor | None, models_dir: str | None = None
) -> tuple[Run | Path, RunConfig | ExportConfig]:
    """Returns a run, or the folder of an export, and its description, which says how files are read.

    Args:
        run: the run or its name, the path of an export, or what `zoo.load` returned for one of them; `None` for the
            only run.
        models_dir: the folder of the runs.

    Raises:
        RunError: there is no such run or export, or its description is damaged.
    """
    export = run.path if isinstance(run, LoadedExport) else find_export(run)
    if export:
        return export, read_facts(export)
    given: Any = run  # `open_run` takes what `zoo.load` returned.
    found = open_run(given, models_dir)
    return found, found.config


def _valid_records(source: InputFile, skip_bad_rows: bool, counts: dict[str, int]) -> Iterator[InputRecord]:
    for record in source.inputs():
        if isinstance(record, InputRecord):
            yield record
        elif skip_bad_rows:
            counts["skipped"] += 1
        else:
            _refuse(record, source.path)


def _refuse(bad: BadRow, path: str) -> None:
    raise DataError(f"{bad.describe(path)}. Correct it, or skip such rows with --skip-bad-rows.")


def predictions_of(
    loaded: Predictor, records: Sequence[InputRecord], options: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Predicts records sorted by length; returns the predictions in the order of the records, {} for empty records."""
    present = [index for index, record in enumerate(records) if record.input is not None]
    order = sorted(present, key=lambda index: len(records[index].input))
    predictions = predict(loaded, [records[index].input for index in order], **options)
    by_index = dict(zip(order, predictions, strict=True))
    return [by_index.get(index, {}) for index in range(len(records))]
