"""The SavedModel format, with the vocabulary and all steps from raw input to prediction."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import ExportConfig
from keras_rnn_zoo.artifacts.snapshot import Snapshot
from keras_rnn_zoo.exporting.exporter import Exporter, describe_endpoints
from keras_rnn_zoo.lazy import keras, np, tf

if TYPE_CHECKING:
    from keras_rnn_zoo.inference.load import LoadedExport, LoadedRun
    from keras_rnn_zoo.tasks._endpoint import Endpoint

logger = logging.getLogger(__name__)

DEFAULT, PLAIN = "serve", "plain"
"""The default endpoint, which is also the signature `serving_default`, and its variant without optional inputs."""


@registry.export_format("saved_model", order=1, streams=True, served=True)
class SavedModel(Exporter):
    """From raw input to prediction, for TensorFlow and TensorFlow Serving."""

    def load(self, folder: Snapshot, facts: ExportConfig) -> "LoadedExport":
        from keras_rnn_zoo.inference.load import load_saved_model

        return load_saved_model(folder, facts)

    def write(self, loaded: "LoadedRun", folder: Path, *, quantize: bool) -> dict[str, Any]:
        endpoints = all_endpoints(loaded)
        write_saved_model(loaded, endpoints, folder)
        return describe_endpoints(endpoints)

    def check(self, loaded: "LoadedRun", folder: Path, *, quantize: bool, data_dir: str | None) -> dict[str, Any]:
        from keras_rnn_zoo.exporting.check import check_inputs, check_saved_model

        comparison = check_saved_model(loaded, all_endpoints(loaded), folder, *check_inputs(loaded, data_dir))
        logger.info("Compared with the run: %s", comparison)
        return {"check": asdict(comparison)}

    def write_stream(self, loaded: "LoadedRun", folder: Path) -> dict[str, Any]:
        from keras_rnn_zoo.exporting.stream_check import first_requests
        from keras_rnn_zoo.streaming.windows import program_of

        endpoints = program_of(loaded.task, loaded.model).endpoints()
        write_saved_model(loaded, endpoints, folder, first_requests(loaded, endpoints))
        return describe_endpoints(endpoints)

    def check_stream(self, loaded: "LoadedRun", folder: Path, *, data_dir: str | None) -> dict[str, Any]:
        from keras_rnn_zoo.exporting.check import check_inputs
        from keras_rnn_zoo.exporting.stream_check import check_stream

        comparison = check_stream(loaded, folder, *check_inputs(loaded, data_dir))
        logger.info("Compared with the run: %s", comparison)
        return {"check": asdict(comparison)}


def all_endpoints(loaded: "LoadedRun") -> "dict[str, Endpoint]":
    """Returns the endpoints of a run's export by name, the default one first."""
    task = loaded.task
    default = task.default_endpoint(lambda inputs: task.outputs(loaded.model, inputs))
    plain = {PLAIN: default.plain()} if default.defaults else {}
    return {DEFAULT: default, **plain, **task.endpoints(loaded.model)}


def write_saved_model(
    loaded: "LoadedRun",
    endpoints: "Mapping[str, Endpoint]",
    folder: Path,
    requests: Iterable[tuple[str, Mapping[str, Any]]] | None = None,
) -> None:
    """Writes a SavedModel with its vocabulary.

    Args:
        loaded: the run.
        endpoints: the endpoints by name, the default one first.
        folder: the folder.
        requests: warm-up requests, as for `write_requests`; by default, of synthetic inputs for each endpoint.
    """
    from keras_rnn_zoo.exporting.warmup import write_requests
    from keras_rnn_zoo.layers.portable import without_cudnn

    archive = keras.export.ExportArchive()
    archive.track(loaded.model)
    for resource in loaded.task.resources():
        archive.track(resource)
    with without_cudnn(loaded.model):
        for name, endpoint in endpoints.items():
            if endpoint.defaults:  # Only a function with an input signature keeps the defaults of its arguments.
                archive.add_endpoint(name, endpoint.named(), input_signature=list(endpoint.signature))
                continue
            # TensorFlow traces one with an input signature twice: outside and inside `tf.saved_model.save`.
            function = tf.function(endpoint.named(), autograph=False)
            function.get_concrete_function(*endpoint.signature)
            archive.add_endpoint(name, function)
        archive.write_out(str(folder), verbose=False)
    write_requests(folder, loaded.run.name, _warm_up(loaded, endpoints) if requests is None else requests)


def _warm_up(loaded: "LoadedRun", endpoints: "Mapping[str, Endpoint]") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields a request with one input for each endpoint, and one with eight for the default endpoint.

    The inputs are synthetic: an export should not disclose training data.
    """
    task = loaded.task
    dummy_inputs = [task.reader.dummy_input(index) for index in range(8)]

    def request(name: str, count: int) -> tuple[str, dict[str, Any]]:
        arguments = endpoints[name].sample(*task.to_batch(dummy_inputs[:count]))
        names = [spec.name for spec in endpoints[name].signature]
        return name, {key: np.asarray(value) for key, value in zip(names, arguments, strict=True)}

    default, *others = endpoints
    for count in (1, 8):
        yield "serving_default", request(default, count)[1]
    yield from (request(name, 1) for name in others)
