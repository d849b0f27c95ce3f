"""The REST API of TensorFlow Serving: https://www.tensorflow.org/tfx/serving/api_rest."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.serving.answers import json_answer
from keras_rnn_zoo.serving.endpoints import ServedEndpoint, Tensors, dtype_of
from keras_rnn_zoo.serving.errors import RequestError
from keras_rnn_zoo.serving.json_body import read_json
from keras_rnn_zoo.serving.paths import VERSION, model_at
from keras_rnn_zoo.serving.served_models import ServedModel, ServedModels
from keras_rnn_zoo.serving.tensors import array_of, plain

_BYTES = "_bytes"
"""The names of string outputs that are encoded as b64 end so."""

_DTYPES = {"float16": "HALF", "float32": "FLOAT", "float64": "DOUBLE"}
"""The names of dtypes in metadata; others are the same in capitals."""


def tensorflow_routes(models: ServedModels) -> list[BaseRoute]:
    """Returns the routes under `/v1/models`."""

    async def status(request: Request) -> Response:
        version = {"version": str(model_at(request, models).version), "state": "AVAILABLE"}
        return json_answer({"model_version_status": [{**version, "status": {"error_code": "OK", "error_message": ""}}]})

    async def metadata(request: Request) -> Response:
        model = model_at(request, models)
        signatures = await model.call(_describe_signatures, model)
        return json_answer(
            {
                "model_spec": {"name": model.name, "signature_name": "", "version": str(model.version)},
                "metadata": {"signature_def": {"signature_def": signatures}},
            }
        )

    async def predict(request: Request) -> Response:
        return json_answer(await _predict(model_at(request, models), await read_json(await request.body())))

    async def other_verb(request: Request) -> Response:
        model_at(request, models)
        raise RequestError(
            f"The models here answer :predict; received :{request.path_params['verb']:.50}. Send the inputs to "
            ":predict, whose outputs have the classes or numbers."
        )

    async def malformed(request: Request) -> Response:
        raise RequestError(f"Malformed request: {request.method} {request.url.path:.200}")

    routes: list[BaseRoute] = []
    for path in ("/v1/models/{name}", f"/v1/models/{{name}}/versions/{VERSION}"):
        routes += [
            Route(f"{path}:predict", predict, methods=["POST"]),
            Route(f"{path}:{{verb}}", other_verb, methods=["POST"]),
            Route(f"{path}/metadata", metadata),
            Route(path, status),
        ]
    return [*routes, Route("/v1/{rest:path}", malformed, methods=["GET", "POST", "PUT", "DELETE"])]


async def _predict(model: ServedModel, document: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := sorted(document.keys() - {"signature_name", "instances", "inputs"}):
        raise RequestError(
            f"A prediction has no {short_repr(unknown[0])}. It has signature_name, and instances or inputs."
        )
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise RequestError(f"The signature_name is expected as a text; received {short_repr(name)}.")
    endpoint = model.endpoint(name)
    if ("instances" in document) == ("inputs" in document):
        raise RequestError("Either instances or inputs are expected: a list of rows, or the inputs by name.")
    if "inputs" in document:
        outputs = await model.infer(endpoint, columns_of(endpoint, document["inputs"]))
        values = {name: _plain(name, array) for name, array in outputs.items()}
        return {"outputs": values if len(values) > 1 else next(iter(values.values()))}
    instances = document["instances"]
    if not isinstance(instances, list) or not instances:
        raise RequestError(
            f"The instances are expected as a list of one row or more; received {short_repr(instances)}."
        )
    outputs = await model.infer(endpoint, rows_of(endpoint, instances))
    return {"predictions": _rows(outputs, len(instances))}


def columns_of(endpoint: ServedEndpoint, inputs: Any) -> Tensors:
    """Returns inputs in the column form as tensors: an object of them by name, or the only one by itself."""
    required = [name for name in endpoint.inputs if name not in endpoint.defaults]
    if not isinstance(inputs, dict) or (inputs.keys() == {"b64"} and "b64" not in endpoint.inputs):
        inputs = {_only(endpoint, required): inputs}
    endpoint.check_names(inputs)
    return {name: array_of(name, value, dtype_of(endpoint.inputs[name])) for name, value in inputs.items()}


def rows_of(endpoint: ServedEndpoint, instances: Sequence[Any]) -> Tensors:
    """Returns instances, in the row form, as tensors: each an object of inputs by name, or the only one by itself."""
    required = [name for name in endpoint.inputs if name not in endpoint.defaults]
    named = [isinstance(row, dict) and (row.keys() != {"b64"} or "b64" in endpoint.inputs) for row in instances]
    if not any(named):
        name = _only(endpoint, required)
        instances = [{name: row} for row in instances]
    elif not all(named):
        raise RequestError("Some instances are objects with the names of inputs, and others are not.")
    names = instances[0].keys()
    if any(row.keys() != names for row in instances):
        raise RequestError("The instances differ in the names of their inputs. Give the same ones for each.")
    endpoint.check_names(names)
    columns = {}
    for name in names:
        if not endpoint.inputs[name].shape.rank:
            raise RequestError(f"The input {name!r} is for all rows. Send it with inputs instead of instances.")
        columns[name] = array_of(name, [row[name] for row in instances], dtype_of(endpoint.inputs[name]))
    return columns


def _only(endpoint: ServedEndpoint, required: Sequence[str]) -> str:
    if len(required) != 1:
        raise RequestError(f"Name the inputs: {', '.join(required or endpoint.inputs)}.")
    return required[0]


def _plain(name: str, array: Any) -> Any:
    return plain(array, as_bytes=name.endswith(_BYTES))


def _rows(outputs: Tensors, count: int) -> list[Any]:
    for name, array in outputs.items():
        if array.ndim == 0 or len(array) != count:
            raise RequestError(f"The output {name!r} has no row for each instance. Send inputs instead of instances.")
    columns = {name: _plain(name, array) for name, array in outputs.items()}
    if len(columns) == 1:
        return list(next(iter(columns.values())))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _describe_signatures(model: ServedModel) -> dict[str, Any]:
    return {
        name: {
            "inputs": {key: _describe(f"{name}_{key}:0", spec) for key, spec in endpoint.inputs.items()},
            "outputs": {
                key: _describe(f"StatefulPartitionedCall:{index}", spec)
                for index, (key, spec) in enumerate(endpoint.outputs.items())
            },
            "method_name": "tensorflow/serving/predict",
            "defaults": {},
        }
        for name, endpoint in model.endpoints.items()
    }


def _describe(name: str, spec: Any) -> dict[str, Any]:
    """Returns a `tf.TensorSpec` as the JSON form of the message `TensorInfo`."""
    sizes = [] if spec.shape.rank is None else spec.shape.as_list()
    dims = [{"size": str(-1 if size is None else size), "name": ""} for size in sizes]
    shape = {"dim": dims, "unknown_rank": spec.shape.rank is None}
    dtype = _DTYPES.get(spec.dtype.name, spec.dtype.name.upper())
    return {"dtype": f"DT_{dtype}", "tensor_shape": shape, "name": name}
