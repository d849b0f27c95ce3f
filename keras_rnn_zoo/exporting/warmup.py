"""Warm-up requests for TensorFlow Serving, and a sample request for its REST API."""

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo.artifacts.export import EXTRA, REQUEST, WARMUP
from keras_rnn_zoo.atomic_files import write_json
from keras_rnn_zoo.lazy import np, tf

# Field numbers of the messages in tensorflow_serving/apis: prediction_log.proto, predict.proto and model.proto.
_PREDICT_LOG = 6  # of PredictionLog
_REQUEST = 1  # of PredictLog
_MODEL_SPEC, _INPUTS = 1, 2  # of PredictRequest
_NAME, _SIGNATURE_NAME = 1, 3  # of ModelSpec
_KEY, _VALUE = 1, 2  # of any entry of a map


def write_requests(folder: Path, model: str, requests: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Writes requests to the folder `assets.extra` of a SavedModel.

    TensorFlow Serving runs all of them before it serves a version, so that the first request of a client is fast. The
    first one is also written as JSON, as a sample request.

    Args:
        folder: the SavedModel's folder.
        model: the model's name.
        requests: for each, the name of a signature and its inputs by name.
    """
    requests = list(requests)
    extra = folder / EXTRA
    extra.mkdir()
    with tf.io.TFRecordWriter(str(extra / WARMUP)) as writer:
        for signature, inputs in requests:
            writer.write(prediction_log(model, signature, inputs))
    _, inputs = requests[0]
    write_json(extra / REQUEST, {"inputs": {name: _as_json(np.asarray(value)) for name, value in inputs.items()}})


def prediction_log(model: str, signature: str, inputs: Mapping[str, Any]) -> bytes:
    """Returns a serialized `tensorflow.serving.PredictionLog` of one request.

    The message is encoded here because the package with its class, `tensorflow-serving-api`, requires gRPC and a
    particular version of TensorFlow. All fields are messages or strings, which have the same encoding.
    """
    spec = _field(_NAME, model.encode()) + _field(_SIGNATURE_NAME, signature.encode())
    request = _field(_MODEL_SPEC, spec)
    for name, value in inputs.items():
        tensor = tf.make_tensor_proto(value).SerializeToString()
        request += _field(_INPUTS, _field(_KEY, name.encode()) + _field(_VALUE, tensor))
    return _field(_PREDICT_LOG, _field(_REQUEST, request))


def _field(number: int, content: bytes) -> bytes:
    """Encodes a field of a message: its number and wire type 2 (length-delimited), the length and the content."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def _as_json(value: Any) -> Any:
    """Returns an array as plain values, with bytes that are not UTF-8 as TensorFlow Serving's REST API expects them."""
    if isinstance(value, np.ndarray):
        return [_as_json(item) for item in value] if value.ndim else _as_json(value.item())
    if not isinstance(value, bytes):
        return value.item() if isinstance(value, np.generic) else value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}
