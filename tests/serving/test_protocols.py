"""The protocols of TensorFlow Serving and of Open Inference, by their own clients, for a run and its export."""

import base64
import json

import httpx
import numpy as np
import pytest
import requests
import tritonclient.http as triton
from servers import serving

import keras_rnn_zoo as zoo

TEXTS = ["the plot is dull", "the cast is superb", ""]


@pytest.fixture(scope="module")
def server(small_run, small_export):
    run, images = small_run("toy_reviews"), small_run("digits")
    text = small_run("tiny_shakespeare")
    export = small_export("toy_reviews")
    with serving(run, f"exported={export}", images, text, "slots", "toy_sales") as running:
        yield running


@pytest.fixture(scope="module")
def expected(small_run):
    return zoo.predict(small_run("toy_reviews"), TEXTS)


NAMES = ("small_toy_reviews", "exported")


def post(server, path, document):
    return requests.post(f"{server.url}{path}", data=json.dumps(document), timeout=60)


def array(rows, name):
    return np.array([list(row[name].values()) for row in rows])


# TensorFlow Serving: the requests of https://www.tensorflow.org/tfx/serving/api_rest


@pytest.mark.parametrize("name", NAMES)
def test_rows_and_columns_have_the_forms_of_tensorflow_serving(server, expected, name):
    labels = [row["label"] for row in expected]
    columns = post(server, f"/v1/models/{name}:predict", {"inputs": {"text": TEXTS}}).json()
    assert columns["outputs"]["label"] == labels
    np.testing.assert_allclose(columns["outputs"]["probabilities"], array(expected, "probabilities"), atol=1e-6)
    alone = post(server, f"/v1/models/{name}:predict", {"inputs": TEXTS}).json()
    assert alone["outputs"]["label"] == labels
    for rows in (
        TEXTS,
        [{"text": text} for text in TEXTS],
        [{"b64": base64.b64encode(t.encode()).decode()} for t in TEXTS],
    ):
        document = {"signature_name": "serving_default", "instances": rows}
        answer = post(server, f"/v1/models/{name}/versions/1:predict", document)
        assert answer.headers["content-type"] == "application/json"
        assert [row["label"] for row in answer.json()["predictions"]] == labels


@pytest.mark.parametrize("name", NAMES)
def test_the_state_of_a_model_is_that_of_tensorflow_serving(server, name):
    for path in (f"/v1/models/{name}", f"/v1/models/{name}/versions/1"):
        (status,) = requests.get(server.url + path, timeout=60).json()["model_version_status"]
        assert status == {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}


def test_a_run_has_the_endpoints_of_its_export(server):
    described = [requests.get(f"{server.url}/v1/models/{name}/metadata", timeout=60).json() for name in NAMES]
    of_run, of_export = (one["metadata"]["signature_def"]["signature_def"] for one in described)
    assert described[0]["model_spec"] == {"name": NAMES[0], "signature_name": "", "version": "1"}
    of_export.pop("serve")
    assert of_run.keys() == of_export.keys() == {"serving_default", "logits", "classes", "encode"}
    for name in of_run:
        for side in ("inputs", "outputs"):
            ours, theirs = (
                {key: {**one, "name": ""} for key, one in of[name][side].items()} for of in (of_run, of_export)
            )
            assert ours == theirs, name


@pytest.mark.parametrize("name", NAMES)
def test_other_signatures_answer_too(server, name, loaded_logits):
    encoded = post(server, f"/v1/models/{name}:predict", {"signature_name": "encode", "inputs": TEXTS}).json()
    assert np.shape(encoded["outputs"])[0] == len(TEXTS)
    every = post(server, f"/v1/models/{name}:predict", {"signature_name": "classes", "inputs": {"numbers": []}}).json()
    assert every == {"outputs": ["negative", "positive"]}
    ids = [[2, 3, 4, 0], [5, 0, 0, 0]]
    logits = post(server, f"/v1/models/{name}:predict", {"signature_name": "logits", "inputs": ids}).json()["outputs"]
    np.testing.assert_allclose(logits, loaded_logits(ids), atol=1e-5)


@pytest.fixture(scope="module")
def loaded_logits(small_run):
    loaded = zoo.load(small_run("toy_reviews"))
    return lambda ids: loaded.to_logits(np.array(ids, "int32"))


def test_an_image_is_sent_as_b64(server, small_run):
    loaded = zoo.load(small_run("digits"))
    images = [loaded.task.reader.dummy_input(number) for number in range(3)]
    (field,) = [spec.name for spec in loaded.task.input_signature()]
    rows = [{field: {"b64": base64.b64encode(image).decode()}} for image in images]
    answer = post(server, "/v1/models/small_digits:predict", {"instances": rows}).json()
    assert [row["label"] for row in answer["predictions"]] == [row["label"] for row in loaded.predict(images)]


def test_optional_inputs_may_be_left_out_and_options_are_for_all_rows(server, small_run):
    loaded = zoo.load(small_run("tiny_shakespeare"))
    options = {"temperature": 0.5, "seed": 3, "max_new_tokens": 12}
    answer = post(server, "/v1/models/small_tiny_shakespeare:predict", {"inputs": {"text": ["To be", ""], **options}})
    assert answer.json() == {"outputs": [row["text"] for row in loaded.predict(["To be", ""], **options)]}
    assert (
        len(post(server, "/v1/models/small_tiny_shakespeare:predict", {"instances": ["To be"]}).json()["predictions"])
        == 1
    )
    refused = post(server, "/v1/models/small_tiny_shakespeare:predict", {"instances": [{"text": "a", "seed": 1}]})
    assert refused.status_code == 400
    assert "is for all rows" in refused.json()["error"]
    refused = post(
        server, "/v1/models/small_tiny_shakespeare:predict", {"inputs": {"text": ["a"], "max_new_tokens": 99999}}
    )
    assert "may be up to 2,000" in refused.json()["error"]


def test_steps_and_forecasts_have_the_shapes_of_the_graph(server):
    loaded = zoo.load("slots")
    text = "book a table for two"
    (row,) = post(server, "/v1/models/slots:predict", {"instances": [text]}).json()["predictions"]
    assert row["tags"] == loaded.predict([text])[0]["tags"]
    loaded = zoo.load("toy_sales")
    window = loaded.task.reader.dummy_input(1)
    raw = {
        spec.name: np.asarray(value).tolist()
        for spec, value in zip(loaded.task.input_signature(), loaded.task.to_batch([window]), strict=True)
    }
    raw["series"][0][0] = [None]  # A missing value.
    answer = post(server, "/v1/models/toy_sales:predict", {"inputs": raw}).json()["outputs"]
    assert np.shape(answer["forecast"]) == (1, loaded.task.reader.horizon, 1)
    assert np.isfinite(answer["forecast"]).all()


@pytest.mark.parametrize(
    ("path", "document", "status", "words"),
    [
        ("/v1/models/small_toy_revews:predict", {"instances": ["a"]}, 404, "Did you mean 'small_toy_reviews'"),
        ("/v1/models/small_toy_reviews/versions/7:predict", {"instances": ["a"]}, 404, "has no version 7"),
        (
            "/v1/models/small_toy_reviews:predict",
            {"instances": ["a"], "inputs": ["a"]},
            400,
            "Either instances or inputs",
        ),
        ("/v1/models/small_toy_reviews:predict", {"instances": []}, 400, "a list of one row or more"),
        ("/v1/models/small_toy_reviews:predict", {"instances": [1]}, 400, "expects texts"),
        ("/v1/models/small_toy_reviews:predict", {"instances": [{"words": "a"}]}, 400, "There is no input 'words'"),
        ("/v1/models/small_toy_reviews:predict", {"inputs": [["a"], ["b"]]}, 400, "has the shape [2, 1]"),
        ("/v1/models/small_toy_reviews:predict", {"inputs": [["a"], "b"]}, 400, "have no shape"),
        ("/v1/models/small_toy_reviews:predict", {"inputs": ["a"] * 1025}, 413, "up to 1,024 inputs"),
        ("/v1/models/small_toy_reviews:predict", {"instances": ["a"], "signature_name": "x"}, 400, "no signature 'x'"),
        ("/v1/models/small_toy_reviews:classify", {"examples": [{}]}, 400, "answer :predict"),
        ("/v1/model/small_toy_reviews", {}, 400, "Malformed request: POST /v1/model/small_toy_reviews"),
    ],
)
def test_errors_have_the_form_and_the_status_of_tensorflow_serving(server, path, document, status, words):
    answer = post(server, path, document)
    assert answer.status_code == status
    assert answer.json().keys() == {"error"}
    assert words in answer.json()["error"]


# Open Inference Protocol: Triton's own client, with its defaults


@pytest.mark.parametrize("name", NAMES)
def test_tritons_client_works_unchanged(server, expected, name):
    client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(name)
    assert client.is_model_ready(name, "1")
    assert not client.is_model_ready("other")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    assert {model["name"] for model in client.get_model_repository_index()} >= set(NAMES)
    described = client.get_model_metadata(name)
    assert described["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert {"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]} in described["outputs"]
    for as_binary in (True, False):
        text = triton.InferInput("text", [3], "BYTES")
        text.set_data_from_numpy(np.array([t.encode() for t in TEXTS], object), binary_data=as_binary)
        answer = client.infer(name, [text])
        assert [label.decode() for label in answer.as_numpy("label")] == [row["label"] for row in expected]
        np.testing.assert_allclose(answer.as_numpy("probabilities"), array(expected, "probabilities"), atol=1e-6)
        wanted = [triton.InferRequestedOutput("probabilities", binary_data=not as_binary)]
        answer = client.infer(name, [text], outputs=wanted, request_id="seven", model_version="1")
        assert answer.get_response()["id"] == "seven"
        assert answer.as_numpy("label") is None
        np.testing.assert_allclose(answer.as_numpy("probabilities"), array(expected, "probabilities"), atol=1e-6)
    with pytest.raises(triton.InferenceServerException, match="There is no output 'x'"):
        client.infer(name, [text], outputs=[triton.InferRequestedOutput("x")])
    client.close()


def test_numbers_go_both_ways_as_bytes(server):
    loaded = zoo.load("toy_sales")
    values = loaded.task.to_batch([loaded.task.reader.dummy_input(2)])
    inputs = []
    for spec, value in zip(loaded.task.input_signature(), map(np.asarray, values), strict=True):
        datatype = {"float32": "FP32", "int64": "INT64"}[value.dtype.name]
        inputs.append(triton.InferInput(spec.name, list(value.shape), datatype).set_data_from_numpy(value))
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        answer = client.infer("toy_sales", inputs)
    outputs = loaded.predict_batch(*values)
    np.testing.assert_allclose(answer.as_numpy("forecast"), outputs["forecast"], rtol=1e-5)


def test_the_json_form_of_open_inference(server, expected):
    tensor = {"name": "text", "shape": [3], "datatype": "BYTES", "data": TEXTS}
    answer = httpx.post(f"{server.url}/v2/models/exported/infer", json={"inputs": [tensor]}, timeout=60).json()
    assert "id" not in answer
    assert (answer["model_name"], answer["model_version"]) == ("exported", "1")
    outputs = {one["name"]: one for one in answer["outputs"]}
    assert outputs["label"] == {
        "name": "label",
        "datatype": "BYTES",
        "shape": [3],
        "data": [row["label"] for row in expected],
    }
    assert outputs["probabilities"]["shape"] == [3, 2]
    assert np.shape(outputs["probabilities"]["data"]) == (6,)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"datatype": "FP32"}, "has the datatype BYTES"),
        ({"shape": [2]}, "has 3 values, but its shape is [2]"),
        ({"shape": [-3]}, "list of sizes"),
        ({"shape": "3"}, "list of sizes"),
        ({"name": "words"}, "There is no input 'words'"),
        ({"name": None}, "name is expected as a text"),
        ({"data": [1, 2, 3]}, "expects texts"),
        ({"parameters": {"binary_data_size": 5}}, "but 0 bytes are left"),
    ],
)
def test_an_invalid_tensor_is_reported(server, change, words):
    tensor = {"name": "text", "shape": [3], "datatype": "BYTES", "data": TEXTS, **change}
    answer = httpx.post(f"{server.url}/v2/models/exported/infer", json={"inputs": [tensor]}, timeout=60)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
