"""Predicts files on Beam: finds the parts, runs the pipeline, and gives the complete output its name."""

import contextlib
import glob
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.atomic_files import STANDARD_STREAM, is_written_in_place, user_path
from keras_rnn_zoo.beam.failures import as_zoo_error
from keras_rnn_zoo.beam.job import Job, columns_of
from keras_rnn_zoo.beam.parts import Part, parts_of
from keras_rnn_zoo.beam.runner_options import pipeline_options
from keras_rnn_zoo.beam.shards import ERRORS, errors_path, shard_paths
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.display.status import announce
from keras_rnn_zoo.errors import DataError, OptionError, ZooError
from keras_rnn_zoo.inference.predict_file import described
from keras_rnn_zoo.inference.predict_table import SERIES_TASKS
from keras_rnn_zoo.options import check_options
from keras_rnn_zoo.packages import require_packages
from keras_rnn_zoo.user_data.joined_files import is_pattern, matching_files
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, open_inputs
from keras_rnn_zoo.user_data.rows import existing_file

logger = logging.getLogger(__name__)

MAX_SHARDS = 100_000
WHOLE_FILES = 100
"""From this number of files on, each is a part, and no pass over them is needed to find parts."""


def predict_files(
    run: Any,
    input: str,
    output: str | None,
    *,
    reading: Mapping[str, str],
    options: Mapping[str, Any],
    probabilities: bool = False,
    shards: int = 1,
    runner: Sequence[str] = (),
    models_dir: str | None = None,
) -> dict[str, int]:
    """Predicts files with the workers of a Beam runner; see `keras_rnn_zoo.predict_file`.

    Args:
        run: the run or the export, also the address of a remote one, such as `gs://models/reviews/1`.
        input: the path, pattern or address of the files, local or remote.
        output: the file to write, local or remote.
        reading: the options with which files are read.
        options: prediction options.
        probabilities: whether a table gets a column with the probability of each class.
        shards: number of files to write.
        runner: options of Beam and its runner.
        models_dir: the folder of the runs.

    Returns:
        The number of inputs that were predicted, `predicted`, and of those in the side output, `skipped`.

    Raises:
        OptionError: an option is unknown or does not accept its value.
        RunError: the run or export does not exist or is damaged.
        DataError: the files cannot be read, contain nothing to predict, or the output cannot be written.
        ZooError: the pipeline failed.
    """
    require_packages(["apache_beam"], "beam", "The engine beam", ZooError)
    from keras_rnn_zoo.beam import pipeline, storage

    if not 1 <= shards <= MAX_SHARDS:
        raise OptionError(f"Option 'shards' expects an integer from 1 to {MAX_SHARDS:,}; received {shards}.")
    settings = pipeline_options(runner)
    path = _checked_output(output, remote=storage.is_remote(output or ""))
    with _model(run, models_dir) as (model, config), _listed(input) as (prefix, files, first):
        if config.task.name in SERIES_TASKS:
            raise DataError(
                f"The engine beam predicts each row on its own, but the task {config.task.name} reads series of rows. "
                "Predict without --engine beam."
            )
        check_options(registry.tasks.get(config.task.name).prediction_options, options, "a prediction of this run")
        chosen = {name: value for name, value in reading.items() if value}
        source = open_inputs(f"{prefix}{first}", config, **chosen)
        names = columns_of(source) if len(files) > 1 else ()
        job = Job(model, config, source.format, path, chosen, dict(options), probabilities, names)
        job.output_of(job.open(Path(first)))
        parts = list(_parts(job, files, source if len(files) == 1 else None))
    paths = shard_paths(path, shards)
    with storage.temporary_folder(path) as folder:
        announce(f"Predicting {quantity(len(parts), 'part')} of {quantity(len(files), 'file')}")
        try:
            counts = pipeline.run_pipeline(job, parts, folder, shards, settings)
        except Exception as error:  # Runners raise many kinds, most with the traceback of a worker as their text.
            logger.debug("The pipeline failed", exc_info=True)
            raise as_zoo_error(error) from error
        if not any(counts.values()):
            raise DataError(f"{input} contains nothing to predict. Name a file with inputs.")
        new = [(pipeline.shard_file(folder, ERRORS), errors_path(path))]
        new += [(pipeline.shard_file(folder, number), name) for number, name in enumerate(paths)]
        storage.publish(new, _earlier(paths))
    return dict(counts)


def _checked_output(output: str | None, *, remote: bool) -> str:
    """Returns the absolute path of an output; raises `ZooError` if no file can be written there."""
    if not output or output == STANDARD_STREAM:
        raise OptionError("The engine beam writes files. Name one: --output FILE.")
    if remote:
        return output
    path = user_path(output)
    if is_written_in_place(path):
        raise OptionError(f"The engine beam writes files; {output!r} is a pipe or a device. Name one: --output FILE.")
    path = Path(os.path.realpath(path))
    if path.is_dir():
        raise ZooError(f"{path} is a folder, but the output is a file. Name a file in it.")
    if not path.parent.is_dir():
        raise ZooError(f"{path.name} cannot be written: there is no folder {path.parent}. Create it first.")
    return str(path)


@contextlib.contextmanager
def _model(run: Any, models_dir: str | None) -> Iterator[tuple[str, Any]]:
    """Yields the path of a run or export, as workers load it, and its description."""
    from keras_rnn_zoo.beam import storage

    if isinstance(run, str) and storage.is_remote(run) and not run.startswith("hf://"):
        with storage.local_folder(run) as folder:
            yield run, described(str(folder))[1]
        return
    found, config = described(run, models_dir)
    yield str((found if isinstance(found, Path) else found.path).absolute()), config


@contextlib.contextmanager
def _listed(address: str) -> Iterator[tuple[str, list[str], str]]:
    """Yields the prefix of an address of files, such as "csv:"; the files; and the first on this machine."""
    from keras_rnn_zoo.beam import storage

    format, colon, location = address.partition(":")
    prefix = f"{format}:" if colon and format in registry.file_formats.names() else ""
    location = location if prefix else address
    if location == STANDARD_STREAM:
        raise OptionError("The engine beam reads files, not standard input. Name them: --input FILE.")
    if storage.is_remote(location):
        files = storage.matching(location)
    else:
        files = [str(path) for path in (matching_files(location) if is_pattern(location) else [_existing(location)])]
    with storage.local_file(files[0]) as first:
        yield prefix, files, str(first)


def _existing(location: str) -> Path:
    path = user_path(location).absolute()
    return path if path.is_dir() else existing_file(location)


def _parts(job: Job, files: Sequence[str], single: InputFile | None) -> Iterator[Part]:
    """Yields the parts of files in order. A remote file is one part, so that it is read by one worker, once."""
    from keras_rnn_zoo.beam import storage

    number = 0
    for path in files:
        if len(files) >= WHOLE_FILES or storage.is_remote(path):
            yield Part(number, path)
            number += 1
            continue
        source = single or job.open(Path(path))
        for part in parts_of(source, path, number):
            yield part
            number += 1


def _earlier(paths: Sequence[str]) -> str:
    """Returns the pattern of the files of an earlier output with several files; "" for a single one."""
    if len(paths) == 1:
        return ""
    folder, slash, name = paths[0].rpartition("/")
    before, _, after = name.partition(f"-00000-of-{len(paths):05}")
    return f"{glob.escape(folder + slash + before)}-?????-of-?????{glob.escape(after)}"
