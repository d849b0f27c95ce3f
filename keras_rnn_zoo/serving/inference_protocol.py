"""The Open Inference Protocol, version 2, with the binary tensors of Triton.

https://github.com/kserve/open-inference-protocol and the "binary tensor data extension" of Triton Inference Server.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from keras_rnn_zoo import __version__
from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import name_hint
from keras_rnn_zoo.serving import binary_tensors
from keras_rnn_zoo.serving.answers import json_answer
from keras_rnn_zoo.serving.endpoints import ServedEndpoint, Tensors, dtype_of
from keras_rnn_zoo.serving.errors import RequestError
from keras_rnn_zoo.serving.json_body import read_json
from keras_rnn_zoo.serving.paths import VERSION, model_at
from keras_rnn_zoo.serving.served_models import ServedModel, ServedModels
from keras_rnn_zoo.serving.tensors import array_of, plain

PLATFORM = "tensorflow_savedmodel"
HEADER_LENGTH = "inference-header-content-length"
"""The header with the size of the JSON before binary tensors, in bytes."""


def inference_routes(models: ServedModels) -> list[BaseRoute]:
    """Returns the routes under `/v2`."""
    protocol = _Protocol(models)
    routes: list[BaseRoute] = [
        Route("/v2", protocol.server),
        Route("/v2/health/live", protocol.live),
        Route("/v2/health/ready", protocol.ready),
        Route("/v2/repository/index", protocol.index, methods=["GET", "POST"]),
    ]
    for path in ("/v2/models/{name}", f"/v2/models/{{name}}/versions/{VERSION}"):
        routes += [
            Route(path, protocol.metadata),
            Route(f"{path}/ready", protocol.model_ready),
            Route(f"{path}/infer", protocol.infer, methods=["POST"]),
        ]
    return routes


class _Protocol:
    def __init__(self, models: ServedModels) -> None:
        self._models = models

    async def server(self, request: Request) -> Response:
        extensions = ["binary_tensor_data", "model_repository"]
        return json_answer({"name": "keras-rnn-zoo", "version": __version__, "extensions": extensions})

    async def live(self, request: Request) -> Response:
        return json_answer({"live": True})

    async def ready(self, request: Request) -> Response:
        return json_answer({"ready": True})

    async def index(self, request: Request) -> Response:
        served = [self._models.get(name) for name in self._models.names()]
        return json_answer(
            [{"name": one.name, "version": str(one.version), "state": "READY", "reason": ""} for one in served]
        )

    async def model_ready(self, request: Request) -> Response:
        return json_answer({"name": model_at(request, self._models).name, "ready": True})

    async def metadata(self, request: Request) -> Response:
        model = model_at(request, self._models)
        endpoint = model.endpoint()
        outputs = await model.call(lambda: endpoint.outputs)
        return json_answer(
            {
                "name": model.name,
                "versions": [str(model.version)],
                "platform": PLATFORM,
                "inputs": [_described(name, spec) for name, spec in endpoint.inputs.items()],
                "outputs": [_described(name, spec) for name, spec in outputs.items()],
            }
        )

    async def infer(self, request: Request) -> Response:
        model, header_length = model_at(request, self._models), request.headers.get(HEADER_LENGTH)
        return await _infer(model, await request.body(), header_length)


def _described(name: str, spec: Any) -> dict[str, Any]:
    sizes = [] if spec.shape.rank is None else spec.shape.as_list()
    shape = [-1 if size is None else size for size in sizes]
    return {"name": name, "datatype": binary_tensors.datatype_of(spec.dtype.as_numpy_dtype), "shape": shape}


async def _infer(model: ServedModel, body: bytes, header_length: str | None) -> Response:
    document, binary = await _parts(body, header_length)
    parameters = _object(document, "parameters")
    endpoint = model.endpoint(str(parameters.get("signature_name", "")))
    tensors = _inputs(endpoint, document.get("inputs"), binary)
    outputs = await model.infer(endpoint, tensors)
    requested = _requested(document.get("outputs"), outputs, parameters.get("binary_data_output") is True)
    described, blobs = [], []
    for name, as_binary in requested.items():
        array = outputs[name]
        tensor: dict[str, Any] = {
            "name": name,
            "datatype": binary_tensors.datatype_of(array.dtype),
            "shape": list(array.shape),
        }
        if as_binary:
            blobs.append(binary_tensors.encode(array))
            tensor["parameters"] = {"binary_data_size": len(blobs[-1])}
        else:
            tensor["data"] = plain(array.ravel())
        described.append(tensor)
    answer = {"model_name": model.name, "model_version": str(model.version), "outputs": described}
    if "id" in document:
        answer["id"] = _text(document["id"], "id")
    response = json_answer(answer)
    if not blobs:
        return response
    headers = {"Inference-Header-Content-Length": str(len(response.body))}
    return Response(b"".join([bytes(response.body), *blobs]), 200, headers, "application/octet-stream")


async def _parts(body: bytes, header_length: str | None) -> tuple[dict[str, Any], memoryview]:
    """Returns the JSON of a request and the bytes after it."""
    size = len(body)
    if header_length is not None:
        if not (header_length.isascii() and header_length.isdecimal() and len(header_length) < 20):
            raise RequestError(f"{HEADER_LENGTH} is expected as a number of bytes; received {header_length!r:.50}.")
        size = int(header_length)
        if size > len(body):
            raise RequestError(f"{HEADER_LENGTH} is {size:,}, but the request has {len(body):,} bytes.")
    return await read_json(body[:size]), memoryview(body)[size:]


def _inputs(endpoint: ServedEndpoint, inputs: Any, binary: memoryview) -> Tensors:
    if not isinstance(inputs, list):
        raise RequestError(f"The inputs are expected as a list of objects; received {short_repr(inputs)}.")
    tensors: Tensors = {}
    for item in inputs:
        if not isinstance(item, dict):
            raise RequestError(f"An input is expected as an object; received {short_repr(item)}.")
        name = _text(item.get("name"), "name")
        if name in tensors:
            raise RequestError(f"The input {short_repr(name)} is there twice.")
        if name not in endpoint.inputs:
            hint = name_hint(name, endpoint.inputs)
            raise RequestError(f"There is no input {short_repr(name)}. {hint}")
        tensors[name], binary = _tensor(name, item, dtype_of(endpoint.inputs[name]), binary)
    if len(binary):
        raise RequestError(f"{len(binary):,} bytes after the JSON belong to no input: binary_data_size is missing.")
    return tensors


def _tensor(name: str, item: Mapping[str, Any], dtype: Any, binary: memoryview) -> tuple[Any, memoryview]:
    """Returns the array of an input, and what follows it in the binary part of the request."""
    expected = binary_tensors.datatype_of(dtype)
    if item.get("datatype") != expected:
        raise RequestError(
            f"The input {name!r} has the datatype {expected}; received {short_repr(item.get('datatype'))}."
        )
    shape, count = item.get("shape"), 1
    if not isinstance(shape, list) or any(type(size) is not int or size < 0 for size in shape):
        raise RequestError(
            f"The shape of the input {name!r} is expected as a list of sizes; received {short_repr(shape)}."
        )
    for size in shape:
        count *= size
    size = _object(item, "parameters").get("binary_data_size")
    if size is None:
        array = array_of(name, item.get("data"), dtype).ravel()
    elif type(size) is not int or not 0 <= size <= len(binary):
        raise RequestError(
            f"The input {name!r} has the binary_data_size {short_repr(size)}, but {len(binary):,} bytes are left."
        )
    else:
        array, binary = binary_tensors.decode(name, binary[:size], dtype), binary[size:]
    if array.size != count:
        raise RequestError(f"The input {name!r} has {array.size:,} values, but its shape is {short_repr(shape)}.")
    return array.reshape(shape), binary


def _requested(requested: Any, outputs: Tensors, by_default: bool) -> dict[str, bool]:
    """Returns the names of the requested outputs, and whether each is to be binary."""
    if requested is None or requested == []:
        return dict.fromkeys(outputs, by_default)
    if not isinstance(requested, Sequence) or not all(isinstance(item, dict) for item in requested):
        raise RequestError(f"The outputs are expected as a list of objects; received {short_repr(requested)}.")
    found = {}
    for item in requested:
        name = _text(item.get("name"), "name")
        if name not in outputs:
            raise RequestError(f"There is no output {short_repr(name)}. {name_hint(name, outputs)}")
        parameters = _object(item, "parameters")
        if parameters.get("classification"):
            raise RequestError("Outputs have no classification. The outputs `label` and `probabilities` have it.")
        found[name] = parameters.get("binary_data", by_default) is True
    return found


def _object(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name) or {}
    if not isinstance(value, dict):
        raise RequestError(f"{name} is expected as an object; received {short_repr(value)}.")
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise RequestError(f"{name} is expected as a text; received {short_repr(value)}.")
    return value
