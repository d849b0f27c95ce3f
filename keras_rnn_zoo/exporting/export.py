"""Exports a run: as a SavedModel for stock TensorFlow, or only the model for LiteRT or ONNX."""

import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from keras_rnn_zoo.artifacts.archive import is_unpacked
from keras_rnn_zoo.artifacts.export import CARD, LICENSE, STREAMING, write_facts
from keras_rnn_zoo.artifacts.lock import run_lock
from keras_rnn_zoo.artifacts.run import Run, open_run, output_folder, reopen_run
from keras_rnn_zoo.artifacts.run_config import ExportConfig, ExportedDataset
from keras_rnn_zoo.atomic_files import atomic_directory, translate_os_errors, user_path, write_text
from keras_rnn_zoo.display.printing import one_line
from keras_rnn_zoo.display.status import announce
from keras_rnn_zoo.entries.kinds import ExportFormat
from keras_rnn_zoo.errors import ExportError, RunError
from keras_rnn_zoo.exporting.exporter import Exporter, find_format
from keras_rnn_zoo.inference.ensemble import LoadedEnsemble
from keras_rnn_zoo.inference.load import LoadedRun, load_run
from keras_rnn_zoo.lazy import keras

logger = logging.getLogger(__name__)


def export(
    run: Run | str | LoadedRun | None = None,
    *,
    models_dir: str | None = None,
    data_dir: str | None = None,
    format: str = "saved_model",
    quantize: bool = False,
    streaming: bool = False,
    check: bool = True,
    output: str | os.PathLike[str] | None = None,
) -> Path:
    """Exports a run as a new version.

    A SavedModel contains the vocabulary and all steps from raw input to prediction. Before it is published, it is
    loaded by a process that cannot import this package and predicts examples of the test split, in batches of 1, 7 and
    64, with and without padding. Its predictions are compared with those of `predict`. LiteRT and ONNX files contain
    only the model; their logits are compared, as computed by their own interpreters.

    Args:
        run: the run or its name, or a run that `zoo.load` returned; `None` for the only run.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.
        data_dir: folder of prepared TFDS datasets; by default, the one that training used.
        format: `"saved_model"`, `"tflite"`, `"onnx"`, or the export format of a plugin.
        quantize: whether to quantize the weights of a `"tflite"` export to 8 bits ("dynamic range"); its size and
            metrics before and after are reported.
        streaming: whether to export the endpoints `start` and `step`, which read inputs in parts with explicit states;
            see `keras_rnn_zoo.stream`. The comparison is then of random parts with predictions for whole inputs.
        check: whether to compare the export with the run. It takes a few seconds, because a second process loads
            TensorFlow.
        output: the folder to write the version to, in place of the run's folder; needed for a run in an archive.

    Returns:
        The path of the version's folder: `saved_models/<run>/<version>`, whose default endpoint is `serving_default`,
        or `saved_models/<run>/<format>/<version>`; those of streaming exports are in `saved_models/<run>/streaming`.
        Exports of a trained network are in the folder of its name in the models folder, too.

    Raises:
        RunError: the run does not exist, is damaged, or is being written by another process.
        StreamingError: the run needs its whole input, as a model that reads in both directions does.
        ExportError: the Keras backend is not TensorFlow, the format does not support the run or needs a package that
            is not installed, or a prediction differs. In these cases, no version is written.
    """
    if isinstance(run, LoadedEnsemble):
        raise ExportError(f"{run.title} cannot be exported: an export holds a single run. Export each of them.")
    found = run.run if isinstance(run, LoadedRun) else open_run(run, models_dir)
    entry = find_format(format, found.config.task.input, quantize=quantize, streaming=streaming)
    if keras.backend.backend() != "tensorflow":
        raise ExportError(
            f"Exports need the TensorFlow backend, but Keras runs on {keras.backend.backend()!r}. Runs do not depend "
            "on the backend: set KERAS_BACKEND=tensorflow and export again."
        )
    place = _place(found, output, models_dir)
    with run_lock(place):
        found = _current(found, isinstance(run, LoadedRun))
        loaded = run if isinstance(run, LoadedRun) else load_run(found)
        versions = _folder_of_versions(place, entry, streaming)
        path = versions / str(_next_version(versions))
        with translate_os_errors(), atomic_directory(path) as partial:
            exporter = entry.make(entry)
            announce(f"Writing the export {path}")
            facts = _written(exporter, loaded, partial, quantize, streaming)
            if check:
                announce("Comparing the export with the run")
                if streaming:
                    facts |= exporter.check_stream(loaded, partial, data_dir=data_dir)
                else:
                    facts |= exporter.check(loaded, partial, quantize=quantize, data_dir=data_dir)
            _write_companions(found, partial)
            write_facts(partial, _describe(found, entry.name, facts))
        return path


def _place(run: Run, output: str | os.PathLike[str] | None, models: str | os.PathLike[str] | None) -> Path:
    """Returns the folder to export to; raises `ExportError` for a run in an archive without an `output`."""
    if output is not None:
        return user_path(output)
    if is_unpacked(run.path):
        raise ExportError(
            f"The run {run.name!r} is in an archive, which no export can be written to. Name a folder with --output."
        )
    return output_folder(run, models)


def _folder_of_versions(run: Path, entry: ExportFormat, streaming: bool) -> Path:
    """Returns the folder of an export's versions; raises `ExportError` if it is not within the run's folder."""
    names = [*([STREAMING] if streaming else []), *([] if entry.served else [entry.name])]
    folder = run
    for name in names:
        folder = folder / name
        if folder.is_symlink():
            raise ExportError(
                f"The folder {folder} is a symbolic link, but exports are written within their run. Remove it."
            )
    return folder


def _written(exporter: Exporter, loaded: LoadedRun, folder: Path, quantize: bool, streaming: bool) -> dict[str, Any]:
    """Writes an export, and returns its fields of `export.json`."""
    if not streaming:
        return exporter.write(loaded, folder, quantize=quantize)
    return {**exporter.write_stream(loaded, folder), "streaming": True}


def _next_version(folder: Path) -> int:
    """Returns a number above those of all versions. Files and links with such names count as well."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return max((int(name) for name in names if name.isdecimal()), default=0) + 1


def _current(found: Run, loaded: bool) -> Run:
    """Reopens a run after locking it; raises `RunError` if it is loaded and has been replaced since."""
    current = reopen_run(found)
    if loaded:
        if current.config.digest != found.config.digest:
            raise RunError(f"The run {found.path} was replaced since it was loaded. Load it again to export it.")
        current.check()
    return current


def _write_companions(run: Run, folder: Path) -> None:
    """Writes vocabularies and labels, the model card and the license of the data into an export.

    Only files in `task/` that training wrote are copied. A missing model card, about which `Run.check` has warned, is
    skipped.
    """
    assets = folder / "assets"
    assets.mkdir(exist_ok=True)
    for name in run.config.files:
        if name.startswith("task/"):
            copy = assets / name.removeprefix("task/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(run.path / name, copy)
    card = run.path / CARD
    if card.is_file() and not card.is_symlink():  # Never follow a link: its target lies outside the run.
        shutil.copy(card, folder / CARD)
    data = run.config.dataset
    write_text(
        folder / LICENSE,
        f"The model was trained on the dataset {one_line(data.name)}, version {data.version}.\n{data.summary}\n\n"
        f"License of the data: {data.license}\nSHA-256 of the data: {data.checksum}\n",
    )


def _describe(run: Run, format: str, facts: Mapping[str, Any]) -> ExportConfig:
    """Returns the description of an export; `facts` are the fields that depend on its format."""
    config, data = run.config, run.config.dataset
    dataset = ExportedDataset(data.name, data.version, data.checksum, data.license)
    names = {field.name for field in fields(ExportConfig)}
    details = {name: value for name, value in facts.items() if name not in names} or None
    facts = {name: value for name, value in facts.items() if name in names}
    return ExportConfig(
        format, run.name, config.architecture, dataset, config.task, config.versions, **facts, details=details
    )
