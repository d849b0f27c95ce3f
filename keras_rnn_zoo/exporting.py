"""A run as a SavedModel that needs stock TensorFlow alone."""

import contextlib
import logging
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.checking import check_inputs, check_saved_model
from keras_rnn_zoo.errors import ExportError
from keras_rnn_zoo.exports import CARD, FACTS, LICENCE, digests
from keras_rnn_zoo.files import whole_folder, write_json, write_text
from keras_rnn_zoo.lazy import keras, np
from keras_rnn_zoo.loading import LoadedRun, load_run
from keras_rnn_zoo.runs import Run
from keras_rnn_zoo.serving import write_requests
from keras_rnn_zoo.tasks.endpoint import Endpoint

logger = logging.getLogger(__name__)

DEFAULT, PLAIN = "serve", "plain"
"""The default endpoint, which is also the signature `serving_default`, and the same without its optional inputs."""


def export(
    run: Run | str | LoadedRun | None = None,
    *,
    models_dir: str | None = None,
    data_dir: str | None = None,
    check: bool = True,
) -> Path:
    """Writes the next version of a run's SavedModel, with the vocabulary and all steps from raw input to answer in it.

    Before it is published, a process that cannot import this package asks it examples of the test split, in batches of
    1, 7 and 64, padded and not, and its answers are compared with those of `predict`.

    Args:
        run: the run or its name, or what `zoo.load` returned; `None` for the only run there is.
        models_dir: the folder of the runs; `$ZOO_MODELS_DIR` or `./saved_models` by default.
        data_dir: folder of prepared TFDS data sets; the one that training used by default.
        check: whether to do so; it takes some seconds, for TensorFlow is loaded once more.

    Returns:
        The path of the version's folder, `saved_models/<run>/<version>`; its default endpoint is `serving_default`.

    Raises:
        RunError: no such run, or a damaged one.
        ExportError: Keras does not run on TensorFlow, or an answer differs; then no version is left behind.
    """
    if keras.backend.backend() != "tensorflow":
        raise ExportError(
            f"A SavedModel is written by TensorFlow, but Keras runs on {keras.backend.backend()!r}. Runs do not depend "
            "on the backend: set KERAS_BACKEND=tensorflow and export again."
        )
    loaded = run if isinstance(run, LoadedRun) else load_run(run, models_dir=models_dir)
    path = loaded.run.path / str(max(loaded.run.versions(), default=0) + 1)
    endpoints = all_endpoints(loaded)
    with whole_folder(path) as folder:
        write_saved_model(loaded, endpoints, folder)
        write_companions(loaded.run, folder)
        facts = describe(loaded.run, endpoints)
        if check:
            comparison = check_saved_model(loaded, endpoints, folder, *check_inputs(loaded, data_dir))
            logger.info("Compared with predict: %s", comparison)
            facts["check"] = asdict(comparison)
        write_json(folder / FACTS, {**facts, "files": digests(folder)})
    return path


def all_endpoints(loaded: LoadedRun) -> dict[str, Endpoint]:
    """Returns the endpoints of a run's export by name, the default one first."""
    task = loaded.task
    default = task.default_endpoint(lambda inputs: task.outputs(loaded.model, inputs))
    plain = {PLAIN: default.plain()} if default.defaults else {}
    return {DEFAULT: default, **plain, **task.endpoints(loaded.model)}


def write_saved_model(loaded: LoadedRun, endpoints: Mapping[str, Endpoint], folder: Path) -> None:
    """Writes the SavedModel to a folder, with its vocabulary and warm-up requests."""
    archive = keras.export.ExportArchive()
    archive.track(loaded.model)
    for resource in loaded.task.resources():
        archive.track(resource)
    with portable(loaded.model):
        for name, endpoint in endpoints.items():
            archive.add_endpoint(name, endpoint.named(), input_signature=list(endpoint.signature))
        archive.write_out(str(folder), verbose=False)
    for file in loaded.run.task_path.iterdir():
        shutil.copy(file, folder / "assets")
    write_requests(folder, loaded.run.name, _warm_up(loaded, endpoints))


@contextlib.contextmanager
def portable(model: Any) -> Iterator[None]:
    """Within it, recurrent layers are traced as ops that every machine has: those of cuDNN do not load on a CPU."""
    layers = [layer for layer in model._flatten_layers() if hasattr(layer, "use_cudnn")]
    before = [layer.use_cudnn for layer in layers]
    try:
        for layer in layers:
            layer.use_cudnn = False
        yield
    finally:
        for layer, value in zip(layers, before, strict=True):
            layer.use_cudnn = value


def _warm_up(loaded: LoadedRun, endpoints: Mapping[str, Endpoint]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields requests of one input for each endpoint and of eight for the default one.

    Their inputs are made up: an export should not hand out the data of its training.
    """
    task = loaded.task
    made_up = [task.reader.made_up(number) for number in range(8)]

    def request(name: str, count: int) -> tuple[str, dict[str, Any]]:
        arguments = endpoints[name].sample(*task.to_batch(made_up[:count]))
        names = [spec.name for spec in endpoints[name].signature]
        return name, {key: np.asarray(value) for key, value in zip(names, arguments, strict=True)}

    default, *further = endpoints
    for count in (1, 8):
        yield "serving_default", request(default, count)[1]
    yield from (request(name, 1) for name in further)


def write_companions(run: Run, folder: Path) -> None:
    """Writes the model card and the terms of the data into an export."""
    shutil.copy(run.path / CARD, folder / CARD)
    data = run.config["dataset"]
    entry = registry.datasets.get(data["name"])
    write_text(
        folder / LICENCE,
        f"The model was trained on the data set {entry.name}, version {data['version']}.\n{entry.summary}\n\n"
        f"Terms of the data: {entry.licence}\nSHA-256 of the data: {data['checksum']}\n",
    )


def describe(run: Run, endpoints: Mapping[str, Endpoint]) -> dict[str, Any]:
    """Returns what an export tells of itself in `export.json`."""
    config = run.config
    dataset = {key: config["dataset"][key] for key in ("name", "version", "checksum")}
    return {
        "run": run.name,
        "architecture": config["architecture"],
        "dataset": {**dataset, "licence": registry.datasets.get(dataset["name"]).licence},
        "task": config["task"],
        "endpoints": {
            name: {
                spec.name: {
                    "dtype": spec.dtype.name,
                    "shape": spec.shape.as_list(),
                    "optional": spec.name in endpoint.defaults,
                }
                for spec in endpoint.signature
            }
            for name, endpoint in endpoints.items()
        },
        "versions": config["versions"],
    }
