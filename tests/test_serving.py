import base64
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.exporting.warmup import _varint, prediction_log, write_requests


@pytest.mark.parametrize(
    ("value", "encoded"), [(0, b"\x00"), (1, b"\x01"), (127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02")]
)
def test_numbers_are_encoded_as_protocol_buffers_do(value, encoded):
    """300 is the example of the encoding's documentation."""
    assert _varint(value) == encoded


def messages():
    """Returns the class `PredictionLog`, made of the fields that TensorFlow Serving's files declare."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    from tensorflow.core.framework import tensor_pb2

    pool = descriptor_pool.DescriptorPool()

    def add(descriptor):
        for dependency in descriptor.dependencies:
            add(dependency)
        file = descriptor_pb2.FileDescriptorProto()
        descriptor.CopyToProto(file)
        pool.Add(file)

    add(tensor_pb2.DESCRIPTOR)
    file = descriptor_pb2.FileDescriptorProto(name="serving.proto", package="tensorflow.serving", syntax="proto3")
    file.dependency.append(tensor_pb2.DESCRIPTOR.name)
    field = descriptor_pb2.FieldDescriptorProto
    declared = {
        "ModelSpec": [("name", 1, None), ("signature_name", 3, None)],
        "PredictRequest": [("model_spec", 1, ".tensorflow.serving.ModelSpec")],
        "PredictLog": [("request", 1, ".tensorflow.serving.PredictRequest")],
        "PredictionLog": [("predict_log", 6, ".tensorflow.serving.PredictLog")],
    }
    for name, fields in declared.items():
        message = file.message_type.add(name=name)
        for key, number, kind in fields:
            type = field.TYPE_MESSAGE if kind else field.TYPE_STRING
            message.field.add(name=key, number=number, type=type, type_name=kind, label=field.LABEL_OPTIONAL)
        if name == "PredictRequest":
            entry = message.nested_type.add(name="InputsEntry")
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
            kind = {"type": field.TYPE_MESSAGE, "type_name": ".tensorflow.TensorProto", "label": field.LABEL_OPTIONAL}
            entry.field.add(name="value", number=2, **kind)
            kind = ".tensorflow.serving.PredictRequest.InputsEntry"
            message.field.add(
                name="inputs", number=2, type=field.TYPE_MESSAGE, type_name=kind, label=field.LABEL_REPEATED
            )
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.serving.PredictionLog"))


INPUTS = {"text": np.array([b"a\xff", b""], object), "seed": np.int32(7), "audio": np.ones((2, 300), "float32")}


def test_a_request_is_read_by_protobuf_itself():
    read = messages().FromString(prediction_log("sentiment", "serving_default", INPUTS))
    request = read.predict_log.request
    assert (request.model_spec.name, request.model_spec.signature_name) == ("sentiment", "serving_default")
    assert set(request.inputs) == set(INPUTS)
    for name, value in INPUTS.items():
        np.testing.assert_array_equal(tf.make_ndarray(request.inputs[name]), value)


def test_requests_are_records_and_the_first_one_is_json_too(tmp_path):
    write_requests(tmp_path, "m", [("serving_default", INPUTS), ("encode", {"text": np.array([b"b"], object)})])
    extra = tmp_path / "assets.extra"
    records = tf.data.TFRecordDataset(str(extra / "tf_serving_warmup_requests"))
    names = [messages().FromString(record.numpy()).predict_log.request.model_spec.signature_name for record in records]
    assert names == ["serving_default", "encode"]
    document = json.loads((extra / "request.json").read_text())
    assert document["inputs"]["text"] == [{"b64": base64.b64encode(b"a\xff").decode()}, ""]
    assert document["inputs"]["seed"] == 7
    assert document["inputs"]["audio"] == np.ones((2, 300)).tolist()
