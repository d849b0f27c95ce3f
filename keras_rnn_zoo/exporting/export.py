"""Exports of a run: a SavedModel that needs stock TensorFlow alone, or the model alone for LiteRT or ONNX."""

import logging
import shutil
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from keras_rnn_zoo.artifacts.export import CARD, LICENSE, write_facts
from keras_rnn_zoo.artifacts.lock import run_lock
from keras_rnn_zoo.artifacts.run import Run, open_run, reopened
from keras_rnn_zoo.artifacts.run_config import ExportConfig, ExportedDataset
from keras_rnn_zoo.atomic_files import atomic_directory, translate_os_errors, write_text
from keras_rnn_zoo.errors import ExportError, RunError
from keras_rnn_zoo.exporting.exporter import find_format
from keras_rnn_zoo.inference.load import LoadedRun, load_run
from keras_rnn_zoo.lazy import keras
from keras_rnn_zoo.printing import one_line

logger = logging.getLogger(__name__)


def export(
    run: Run | str | LoadedRun | None = None,
    *,
    models_dir: str | None = None,
    data_dir: str | None = None,
    format: str = "saved_model",
    quantize: bool = False,
    check: bool = True,
) -> Path:
    """Writes the next version of a run's export.

    A SavedModel holds the vocabulary and all steps from raw input to answer. Before it is published, a process that
    cannot import this package asks it examples of the test split, in batches of 1, 7 and 64, padded and not, and its
    answers are compared with those of `predict`. LiteRT and ONNX files hold the model alone; their own interpreters are
    asked, and the logits compared.

    Args:
        run: the run or its name, or what `zoo.load` returned; `None` for the only run there is.
        models_dir: the folder of the runs; `$ZOO_MODELS_DIR` or `./saved_models` by default.
        data_dir: folder of prepared TFDS data sets; the one that training used by default.
        format: `"saved_model"`, `"tflite"`, `"onnx"`, or the export format of a plugin.
        quantize: whether the weights of a `"tflite"` export are kept in 8 bits ("dynamic range"); its size and metrics
            before and after are told.
        check: whether to ask and compare; it takes some seconds, for TensorFlow is loaded once more.

    Returns:
        The path of the version's folder: `saved_models/<run>/<version>`, whose default endpoint is `serving_default`,
        or `saved_models/<run>/<format>/<version>`.

    Raises:
        RunError: no such run, a damaged one, or one that another process writes.
        ExportError: Keras does not run on TensorFlow, the format does not suit the run or needs a package that is not
            installed, or an answer differs. No version is left behind then.
    """
    found = run.run if isinstance(run, LoadedRun) else open_run(run, models_dir)
    entry = find_format(format, found.config.task.input, quantize=quantize)
    if keras.backend.backend() != "tensorflow":
        raise ExportError(
            f"Exports are written by TensorFlow, but Keras runs on {keras.backend.backend()!r}. Runs do not depend "
            "on the backend: set KERAS_BACKEND=tensorflow and export again."
        )
    with run_lock(found.path):
        found = _current(found, isinstance(run, LoadedRun))
        loaded = run if isinstance(run, LoadedRun) else load_run(found)
        versions = found.path if entry.served else found.path / entry.name
        if versions != found.path and versions.is_symlink():
            raise ExportError(
                f"The folder {versions} is a symbolic link, and exports stay within their run. Remove it."
            )
        path = versions / str(_next_version(versions))
        with translate_os_errors(), atomic_directory(path) as folder:
            exporter = entry.make(entry)
            facts = exporter.write(loaded, folder, quantize=quantize)
            if check:
                facts |= exporter.check(loaded, folder, quantize=quantize, data_dir=data_dir)
            _write_companions(found, folder)
            write_facts(folder, _describe(found, entry.name, facts))
        return path


def _next_version(folder: Path) -> int:
    """Returns a number above those of all versions; of a file or link with such a name, too, for it takes the place."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return max((int(name) for name in names if name.isdecimal()), default=0) + 1


def _current(found: Run, loaded: bool) -> Run:
    """Returns the run that has the path now that it is locked; raises `RunError` if it changed since it was loaded."""
    current = reopened(found)
    if loaded:
        if current.config.digest != found.config.digest:
            raise RunError(f"The run {found.path} was replaced since it was loaded. Load it again to export it.")
        current.check()
    return current


def _write_companions(run: Run, folder: Path) -> None:
    """Writes vocabularies and labels, the model card and the terms of the data into an export.

    Of `task/` those files are copied that training wrote. A card that is missing, which `Run.check` has warned of, is
    left out.
    """
    assets = folder / "assets"
    assets.mkdir(exist_ok=True)
    for name in run.config.files:
        if name.startswith("task/"):
            copy = assets / name.removeprefix("task/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(run.path / name, copy)
    card = run.path / CARD
    if card.is_file() and not card.is_symlink():  # What it links to is none of the run's.
        shutil.copy(card, folder / CARD)
    data = run.config.dataset
    write_text(
        folder / LICENSE,
        f"The model was trained on the dataset {one_line(data.name)}, version {data.version}.\n{data.summary}\n\n"
        f"License of the data: {data.license}\nSHA-256 of the data: {data.checksum}\n",
    )


def _describe(run: Run, format: str, facts: Mapping[str, Any]) -> ExportConfig:
    """Returns the description of an export, given the fields that depend on its format."""
    config, data = run.config, run.config.dataset
    dataset = ExportedDataset(data.name, data.version, data.checksum, data.license)
    known = {each.name for each in fields(ExportConfig)}
    details = {name: value for name, value in facts.items() if name not in known} or None
    facts = {name: value for name, value in facts.items() if name in known}
    return ExportConfig(
        format, run.name, config.architecture, dataset, config.task, config.versions, **facts, details=details
    )
