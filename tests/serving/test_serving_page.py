"""The commands and programs of docs/serving.md, as a reader types them: servers, requests, and uses of exports."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import keras
import numpy as np
import pytest
import requests
import tensorflow as tf
from pages import DOCS, all_commands, blocks_of, commands_of, programs_of, run_well, text_of

import keras_rnn_zoo as zoo
from keras_rnn_zoo.serving import server as serving

SERVER, _, EXPORTS = text_of("serving.md").partition("\n## Exports")
COMMANDS = commands_of(SERVER)
CURLS = [command for command in all_commands(blocks_of(SERVER)) if "curl" in command]
TO_EXPORTS = commands_of(EXPORTS, "curl")
(SAVED_MODEL_CLI,) = commands_of(EXPORTS, "saved_model_cli")
(CLIENT,) = commands_of(EXPORTS, "python")
PROGRAMS = [program for program in programs_of(EXPORTS) if "grpc" not in program]
RUNS = {"serving.md": [*COMMANDS, *CURLS, *TO_EXPORTS, SAVED_MODEL_CLI, CLIENT, *PROGRAMS]}
TOKEN = "correct-horse-battery"
SERVED = {
    "zoo serve toy_reviews": ["toy_reviews"],
    "zoo serve": ["many_to_one"],
    "zoo serve many_to_one toy_reviews": ["many_to_one", "toy_reviews"],
    "zoo serve saved_models/many_to_one/1": ["many_to_one"],
    "zoo serve sentiment=saved_models/many_to_one/1": ["sentiment"],
    "zoo serve served/many_to_one/": ["many_to_one"],
}
"""The names of the models that each command serves."""


@pytest.fixture(autouse=True)
def folder(trained_once, small_export, shrink, tmp_path, monkeypatch):
    """The current folder, with a run and exports where the page has them."""
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        options = {"dataset": "toy_reviews", "epochs": 1, "units": 4, "embedding_dim": 4, "bidirectional": False}
        run = trained_once("one_way", "many_to_one", **options)
    shutil.copytree(run.path, tmp_path / "saved_models" / "many_to_one")
    for place in ("saved_models", "served"):
        shutil.copytree(small_export("toy_reviews"), tmp_path / place / "many_to_one" / "1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOO_MODELS_DIR")
    return tmp_path


@pytest.fixture
def while_serving(monkeypatch):
    """Runs a command that serves, calls a function with the address once it does, and ends it; returns the result."""
    found = []

    class Asked(serving.Server):
        def __init__(self, app, settings, ready):
            def ask():
                try:
                    found.append(self._client(address()))
                finally:
                    self.should_exit = True

            def address():
                return f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}"

            super().__init__(app, settings, lambda: (ready(), threading.Thread(target=ask).start()))

    monkeypatch.setattr(serving, "Server", Asked)

    def serve(command, client, *more):
        found.clear()
        Asked._client = staticmethod(client)
        printed = run_well(command, "--port", "0", *more).stdout
        (result,) = found
        return result, printed

    return serve


def test_the_page_has_the_commands_that_are_tested():
    assert list(SERVED) == COMMANDS
    assert len(CURLS) == 3


@pytest.mark.parametrize("command", SERVED)
def test_each_command_serves_what_the_page_says(command, while_serving):
    def ask(address):
        names = [one["name"] for one in requests.post(f"{address}/v2/repository/index", timeout=60).json()]
        for name in names:
            answer = requests.post(f"{address}/v1/models/{name}:predict", json={"instances": ["dull"]}, timeout=60)
            assert answer.status_code == 200, answer.text
        return names

    names, printed = while_serving(command, ask)
    assert names == SERVED[command]
    assert re.fullmatch(r"Serving on http://127\.0\.0\.1:\d+ \(Ctrl-C ends\)\n", printed)


def shell(command, address=""):
    """Runs a command of the page, against the server that a test has started."""
    if "curl" in command and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    command = re.sub(r"http://(localhost|models):\d+", address, command).replace("$TOKEN", TOKEN)
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_request_gets_predictions(while_serving):
    answer, _ = while_serving("zoo serve toy_reviews", lambda address: shell(CURLS[0], address))
    assert [row["label"] for row in json.loads(answer)["predictions"]] == ["negative", "positive"]


def test_a_request_with_the_token_is_answered(while_serving):
    def ask(address):
        assert requests.get(f"{address}/v2", timeout=60).status_code == 401
        return shell(CURLS[1], address)

    answer, printed = while_serving("zoo serve toy_reviews", ask, "--host", "0.0.0.0", "--token", TOKEN)
    assert json.loads(answer)["predictions"][0]["label"] == "negative"
    assert f"/?token={TOKEN} " in printed


def test_parts_are_answered_as_events(while_serving):
    answer, _ = while_serving("zoo serve many_to_one", lambda address: shell(CURLS[2], address))
    events = re.findall(r"event: (\w+)\ndata: (.*)", answer)
    assert [name for name, _ in events] == ["answer", "answer", "end"]
    whole = "not only moving but also funny"
    (expected,) = zoo.predict("many_to_one", [whole])
    assert json.loads(events[1][1])["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)


def names_of(*programs):
    """Runs programs of the page in one space, with the modules that it takes for granted; returns their names."""
    names = {"keras": keras, "numpy": np, "tf": tf, "zoo": zoo}
    for program in programs:
        exec(compile(program, "serving.md", "exec"), names)
    return names


def test_the_programs_use_a_saved_model_and_a_stream():
    plain, layer, stream, *files = PROGRAMS
    assert len(files) == 2
    found = names_of(plain, layer, stream)
    assert found["outputs"]["label"].numpy()[0] in (b"negative", b"positive")
    assert found["stream"].feed("a dull film")["label"] in ("negative", "positive")


@pytest.mark.slow  # Three exports. Others tests check the numbers of each.
def test_the_programs_use_files_and_streaming_exports(folder):
    *_, lite, onnx = PROGRAMS
    for format in ("tflite", "onnx"):
        zoo.export("many_to_one", format=format, check=False)
    assert np.shape(names_of(lite)["logits"]) == (1, 2)
    assert np.shape(names_of(onnx)["logits"]) == (2, 2)
    zoo.export("many_to_one", streaming=True, check=False)
    text = "not only moving but also funny"
    (folder / "review.txt").write_text(text)
    printed = shell(CLIENT.replace("python docs", f"{shlex.quote(sys.executable)} {DOCS}"))
    (expected,) = zoo.predict("many_to_one", [text])
    assert printed.splitlines()[-1].startswith(expected["label"])


@pytest.mark.slow  # A fresh process that imports TensorFlow.
def test_an_endpoint_is_run_by_the_tool_of_tensorflow():
    printed = shell(f"{Path(sys.executable).parent}/{SAVED_MODEL_CLI}")
    assert re.search(r"Result for output key label:\s+\[b'(negative|positive)'\]", printed)


@pytest.mark.slow  # Three models are traced.
def test_requests_of_tensorflow_serving_are_answered_by_zoo_serve(folder, small_run, small_export, while_serving):
    for name, dataset in (("one_to_one", "digits"), ("sync_many_to_many", "tiny_shakespeare")):
        shutil.copytree(small_run(dataset).path, folder / "saved_models" / name)
    shutil.copytree(small_export("digits"), folder / "saved_models" / "one_to_one" / "1")
    shutil.copyfile(small_run("digits").path / "example" / "input.png", folder / "digit.png")
    answers, _ = while_serving("zoo serve", lambda address: [json.loads(shell(one, address)) for one in TO_EXPORTS])
    assert len(answers) == 4
    text, _, picture, prompt = (next(iter(answer.values())) for answer in answers)
    assert text["label"][0] in ("negative", "positive")
    assert picture["label"][0] in set("0123456789")
    assert "error" not in answers[1] and prompt
