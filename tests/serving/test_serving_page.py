"""The commands of docs/serving.md about `zoo serve`, as a reader types them: each server, and each request to one."""

import json
import re
import shutil
import subprocess
import threading

import pytest
import requests
from pages import commands_of, run_well, text_of

import keras_rnn_zoo as zoo
from keras_rnn_zoo.serving import server as serving

PAGE = text_of("serving.md").partition("\n## Exports")[0]
COMMANDS = [command.split("   ")[0] for command in commands_of(PAGE) if command.startswith("zoo serve")]
CURLS = [block.strip() for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]
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


def shell(command, address):
    """Runs a command of the page against the server that a test has started."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    command = re.sub(r"http://(localhost|models):\d+", address, command).replace("$TOKEN", TOKEN)
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=True)
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
