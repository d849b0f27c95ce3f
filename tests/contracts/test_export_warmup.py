"""What TensorFlow Serving reads beside an export: requests to warm up with, and one by REST."""

import json

import tensorflow as tf
from export_kinds import ask, every_kind
from tensorflow.core.framework import tensor_pb2


@every_kind
def test_warmup_requests_and_the_rest_request_get_predictions(exported, kind):
    loaded, saved = exported(kind)
    extra = loaded.run.path / "1" / "assets.extra"
    records = [
        read_log(record.numpy()) for record in tf.data.TFRecordDataset(str(extra / "tf_serving_warmup_requests"))
    ]
    assert {name for name, _ in records} == set(saved.signatures) - {"serve"}
    for name, inputs in records:
        if "max_new_tokens" in inputs:
            inputs["max_new_tokens"] = tf.constant(5)
        assert ask(saved, name, **inputs)
    document = json.loads((extra / "request.json").read_text())["inputs"]
    assert set(document) == {spec.name for spec in loaded.task.input_signature()}
    if kind[2] == "image":
        assert set(document["image"][0]) == {"b64"}


def read_log(record):
    """Returns the signature's name and the inputs of a `PredictionLog`, by TensorFlow's own reader of messages."""

    def fields(message, descriptor):
        """Decodes a message by field names and numbers: `{number: [values]}`."""
        found, at = {}, 0
        while at < len(message):
            key, at = varint(message, at)
            assert key & 7 == 2
            size, at = varint(message, at)
            found.setdefault(key >> 3, []).append(message[at : at + size])
            at += size
        assert set(found) <= set(descriptor)
        return found

    (log,) = fields(record, {6})[6]
    (request,) = fields(log, {1})[1]
    parts = fields(request, {1, 2})
    spec = fields(parts[1][0], {1, 3})
    inputs = {}
    for entry in parts[2]:
        entry = fields(entry, {1, 2})
        tensor = tensor_pb2.TensorProto.FromString(entry[2][0])
        inputs[entry[1][0].decode()] = tf.constant(tf.make_ndarray(tensor))
    return spec[3][0].decode(), inputs


def varint(message, at):
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
