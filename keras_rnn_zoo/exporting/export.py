"""Exports of a run: a SavedModel that needs stock TensorFlow alone, or the model alone for LiteRT or ONNX."""

import logging
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.export import CARD, LICENSE, write_facts
from keras_rnn_zoo.artifacts.lock import run_lock
from keras_rnn_zoo.artifacts.run import Run, open_run, reopened
from keras_rnn_zoo.atomic_files import atomic_directory, translate_os_errors, write_text
from keras_rnn_zoo.errors import ExportError, RunError
from keras_rnn_zoo.exporting.check import check_inputs, check_saved_model
from keras_rnn_zoo.exporting.formats import check_format, format_folder
from keras_rnn_zoo.exporting.tflite_onnx import check_model, write_model
from keras_rnn_zoo.exporting.warmup import write_requests
from keras_rnn_zoo.inference.load import LoadedRun, load_run
from keras_rnn_zoo.lazy import keras, np
from keras_rnn_zoo.printing import one_line
from keras_rnn_zoo.tasks._endpoint import Endpoint

logger = logging.getLogger(__name__)

DEFAULT, PLAIN = "serve", "plain"
"""The default endpoint, which is also the signature `serving_default`, and the same without its optional inputs."""


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
        format: `"saved_model"`, `"tflite"` or `"onnx"`.
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
    check_format(format, found.config["task"]["input"])
    if quantize and format != "tflite":
        raise ExportError(f"Only the format 'tflite' is quantized; received {format!r}. Leave out `quantize`.")
    if keras.backend.backend() != "tensorflow":
        raise ExportError(
            f"Exports are written by TensorFlow, but Keras runs on {keras.backend.backend()!r}. Runs do not depend "
            "on the backend: set KERAS_BACKEND=tensorflow and export again."
        )
    with run_lock(found.path):
        found = _current(found, isinstance(run, LoadedRun))
        loaded = run if isinstance(run, LoadedRun) else load_run(found)
        versions = format_folder(found.path, format)
        if versions != found.path and versions.is_symlink():
            raise ExportError(
                f"The folder {versions} is a symbolic link, and exports stay within their run. Remove it."
            )
        path = versions / str(_next_version(versions))
        with translate_os_errors(), atomic_directory(path) as folder:
            facts = {"format": format, **_describe(found)}
            if format == "saved_model":
                facts |= _saved_model(loaded, folder, check, data_dir)
            else:
                facts |= _model_alone(loaded, folder, format, quantize, check, data_dir)
            _write_companions(found, folder)
            write_facts(folder, facts)
        return path


def _next_version(folder: Path) -> int:
    """Returns a number above those of all versions; of a file or link with such a name, too, for it takes the place."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return max((int(name) for name in names if name.isdecimal()), default=0) + 1


def _current(found: Run, loaded: bool) -> Run:
    """Returns the run that has the path now that it is locked; raises `RunError` if it changed since it was loaded."""
    current = reopened(found)
    if loaded:
        if current.config["digest"] != found.config["digest"]:
            raise RunError(f"The run {found.path} was replaced since it was loaded. Load it again to export it.")
        current.check()
    return current


def _saved_model(loaded: LoadedRun, folder: Path, check: bool, data_dir: str | None) -> dict[str, Any]:
    endpoints = all_endpoints(loaded)
    write_saved_model(loaded, endpoints, folder)
    facts: dict[str, Any] = {
        "endpoints": {name: _inputs(endpoint) for name, endpoint in endpoints.items()},
    }
    if check:
        comparison = check_saved_model(loaded, endpoints, folder, *check_inputs(loaded, data_dir))
        logger.info("Compared with predict: %s", comparison)
        facts["check"] = asdict(comparison)
    return facts


def _model_alone(
    loaded: LoadedRun, folder: Path, format: str, quantize: bool, check: bool, data_dir: str | None
) -> dict[str, Any]:
    write_model(loaded, format, quantize, folder)
    inputs = _inputs(loaded.task.endpoints(loaded.model)["logits"])
    facts = {"inputs": inputs, "quantized": quantize}
    return {**facts, **check_model(loaded, format, quantize, folder, data_dir)} if check else facts


def all_endpoints(loaded: LoadedRun) -> dict[str, Endpoint]:
    """Returns the endpoints of a run's export by name, the default one first."""
    task = loaded.task
    default = task.default_endpoint(lambda inputs: task.outputs(loaded.model, inputs))
    plain = {PLAIN: default.plain()} if default.defaults else {}
    return {DEFAULT: default, **plain, **task.endpoints(loaded.model)}


def write_saved_model(loaded: LoadedRun, endpoints: Mapping[str, Endpoint], folder: Path) -> None:
    """Writes the SavedModel to a folder, with its vocabulary and warm-up requests."""
    from keras_rnn_zoo.layers.portable import without_cudnn

    archive = keras.export.ExportArchive()
    archive.track(loaded.model)
    for resource in loaded.task.resources():
        archive.track(resource)
    with without_cudnn(loaded.model):
        for name, endpoint in endpoints.items():
            archive.add_endpoint(name, endpoint.named(), input_signature=list(endpoint.signature))
        archive.write_out(str(folder), verbose=False)
    write_requests(folder, loaded.run.name, _warm_up(loaded, endpoints))


def _warm_up(loaded: LoadedRun, endpoints: Mapping[str, Endpoint]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields requests of one input for each endpoint and of eight for the default one.

    Their inputs are made up: an export should not hand out the data of its training.
    """
    task = loaded.task
    made_up = [task.reader.dummy_input(number) for number in range(8)]

    def request(name: str, count: int) -> tuple[str, dict[str, Any]]:
        arguments = endpoints[name].sample(*task.to_batch(made_up[:count]))
        names = [spec.name for spec in endpoints[name].signature]
        return name, {key: np.asarray(value) for key, value in zip(names, arguments, strict=True)}

    default, *further = endpoints
    for count in (1, 8):
        yield "serving_default", request(default, count)[1]
    yield from (request(name, 1) for name in further)


def _write_companions(run: Run, folder: Path) -> None:
    """Writes vocabularies and labels, the model card and the terms of the data into an export.

    Of `task/` those files are copied that training wrote. A card that is missing, which `Run.check` has warned of, is
    left out.
    """
    assets = folder / "assets"
    assets.mkdir(exist_ok=True)
    for name in run.config["files"]:
        if name.startswith("task/"):
            copy = assets / name.removeprefix("task/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(run.path / name, copy)
    card = run.path / CARD
    if card.is_file() and not card.is_symlink():  # What it links to is none of the run's.
        shutil.copy(card, folder / CARD)
    data, entry = run.config["dataset"], registry.dataset_of(run.config)
    write_text(
        folder / LICENSE,
        f"The model was trained on the data set {one_line(entry.name)}, version {data['version']}.\n{entry.summary}\n\n"
        f"Terms of the data: {entry.license}\nSHA-256 of the data: {data['checksum']}\n",
    )


def _describe(run: Run) -> dict[str, Any]:
    """Returns what an export tells of its run in `export.json`."""
    config = run.config
    dataset = {key: config["dataset"][key] for key in ("name", "version", "checksum")}
    return {
        "run": run.name,
        "architecture": config["architecture"],
        "dataset": {**dataset, "license": registry.dataset_of(run.config).license},
        "task": config["task"],
        "versions": config["versions"],
    }


def _inputs(endpoint: Endpoint) -> dict[str, Any]:
    return {
        spec.name: {
            "dtype": spec.dtype.name,
            "shape": spec.shape.as_list(),
            "optional": spec.name in endpoint.defaults,
        }
        for spec in endpoint.signature
    }
