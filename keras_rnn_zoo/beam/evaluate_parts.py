"""Evaluates labeled data on Beam: workers answer its parts, and this machine reads their answers to score them."""

import contextlib
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.atomic_files import user_path
from keras_rnn_zoo.beam.evaluation import EvaluationJob, number_of_parts, read_batches
from keras_rnn_zoo.beam.failures import as_zoo_error
from keras_rnn_zoo.beam.runner_options import LOCAL, pipeline_options
from keras_rnn_zoo.datasets.examples import count_of
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.display.status import announce
from keras_rnn_zoo.errors import DataError, OptionError, ZooError
from keras_rnn_zoo.inference.ensemble import LoadedEnsemble
from keras_rnn_zoo.inference.evaluate import Answered, OpenedSplit
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.packages import require_packages

logger = logging.getLogger(__name__)


def check_evaluation(dataset: Any, runner: Sequence[str]) -> None:
    """Raises `ZooError` if workers could not evaluate data, or Beam is not installed.

    Args:
        dataset: the data, as `keras_rnn_zoo.evaluate` takes it.
        runner: options of Beam and its runner.

    Raises:
        OptionError: an option is unknown, or the runner needs a folder for answers.
        DataError: the data is in memory, or remote.
    """
    require_packages(["apache_beam"], "beam", "The engine beam", ZooError)
    _place_of_answers(pipeline_options(runner))
    if isinstance(dataset, str) and "://" in dataset:
        raise DataError(
            f"The engine beam evaluates files by their paths; received the address {dataset!r}. Copy the files to a "
            "folder that every worker reaches by the same path."
        )
    if dataset is not None and not isinstance(dataset, str | Path | registry.Dataset):
        raise DataError(
            "The engine beam evaluates data that each worker opens by itself, not data in memory; received the type "
            f"{type(dataset).__name__}. Write it to a file and name the file, or evaluate without the engine."
        )


def answered_in_parts(
    loaded: LoadedRun,
    data: OpenedSplit,
    dataset: Any,
    data_dir: str | None,
    options: Mapping[str, Any],
    runner: Sequence[str],
    *,
    outputs: bool,
) -> Iterator[Answered]:
    """Yields the answers to all examples of a split, which the workers of a Beam runner give.

    Args:
        loaded: the run, or the ensemble.
        data: the examples.
        dataset: the data that the user named; `None` for that of the run.
        data_dir: folder of prepared datasets.
        options: options of the data.
        runner: options of Beam and its runner.
        outputs: whether the batches have targets and the outputs of the model.

    Raises:
        ZooError: the pipeline failed; or the error of a worker, as of `keras_rnn_zoo.evaluate`.
    """
    from keras_rnn_zoo.beam import evaluation_pipeline, storage

    settings, examples = pipeline_options(runner), count_of(data.raw)
    parts = number_of_parts(examples)
    folder = str(user_path(data_dir).absolute()) if data_dir else None
    runs = loaded.runs if isinstance(loaded, LoadedEnsemble) else (loaded.run,)
    paths = tuple(str(run.path.absolute()) for run in runs)
    name = None if dataset is None else data.name  # It has the absolute paths.
    job = EvaluationJob(paths, name, data.split, data.checksum, folder, dict(options), outputs)
    announce(f"Evaluating on {quantity(examples, 'example')} in {quantity(parts, 'part')}")
    with _new_folder(_place_of_answers(settings)) as answers:
        try:
            found = evaluation_pipeline.run_evaluation(job, parts, answers, settings)
        except Exception as error:  # Runners raise many kinds, most with the traceback of a worker as their text.
            logger.debug("The pipeline failed", exc_info=True)
            raise as_zoo_error(error) from error
        if (total := sum(part.examples for part in found)) != examples:
            raise ZooError(f"The workers evaluated {total:,} of {examples:,} examples. Report this as a bug.")
        for part in found:
            with storage.opened(part.path) as file:
                yield from read_batches(file)


def _place_of_answers(settings: Any) -> str:
    """Returns the folder for temporary files that all workers reach; "" for any folder of this machine.

    Raises:
        OptionError: workers may be on other machines, and no folder is named.
    """
    from apache_beam.options.pipeline_options import GoogleCloudOptions, StandardOptions

    from keras_rnn_zoo.beam import storage

    named = str(settings.view_as(GoogleCloudOptions).temp_location or "").rstrip("/")
    if not named and settings.view_as(StandardOptions).runner != LOCAL:
        raise OptionError(
            "The workers of this runner may be on other machines, so they need a folder for their answers. Name one "
            "that they and this machine can reach, such as --temp_location=/shared/tmp."
        )
    return str(user_path(named).absolute()) if named and not storage.is_remote(named) else named


def _new_folder(place: str) -> contextlib.AbstractContextManager[str]:
    """Returns a context with a new folder in a place, which is removed at the end."""
    from keras_rnn_zoo.beam import storage

    if place:
        return storage.temporary_folder(f"{place}/evaluation")
    return tempfile.TemporaryDirectory(prefix="zoo-", ignore_cleanup_errors=True)
