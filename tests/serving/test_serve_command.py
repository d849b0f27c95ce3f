"""`zoo serve` as a program: what it prints, how it ends, and what it says where it cannot begin."""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import threading
import time

import pytest
import requests
from click.testing import CliRunner
from processes import CLI, Program

from zoo_cli.main import cli


def wait_for_line(program):
    """Returns the first line that a program prints."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and program.is_alive():
        printed = os.pread(program._streams[1].fileno(), 10_000, 0)
        if b"\n" in printed:
            return printed.decode()
        time.sleep(0.05)
    raise AssertionError(program.wait())


@pytest.fixture
def slow_run(small_run, models_dir):
    shutil.copytree(small_run("tiny_shakespeare").path, models_dir / "plays")
    return "plays"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_the_address_and_ends_well(slow_run, number):
    """What runs when the signal comes is finished, and nothing new begins."""
    program = Program(CLI, "serve", "--port", "0", "--json")
    address = json.loads(wait_for_line(program))["address"]
    answers = []

    def ask():
        body = {"inputs": {"text": ["To be"], "max_new_tokens": 2000}}
        answers.append(requests.post(f"{address}/v1/models/plays:predict", json=body, timeout=60))

    assert requests.post(f"{address}/v1/models/plays:predict", json={"instances": ["a"]}, timeout=60).status_code == 200
    thread = threading.Thread(target=ask)
    thread.start()
    while "zoo_requests_running 2.0" not in requests.get(f"{address}/metrics", timeout=60).text and not answers:
        time.sleep(0.01)
    os.kill(program.pid, number)
    thread.join(60)
    done = program.wait()
    # What TensorFlow's libraries say of a missing GPU is not ours.
    printed = [line for line in done.stderr.splitlines() if not re.match(rb"[EIW]0000 ", line)]
    assert (done.returncode, printed) == (0, [])
    assert answers[0].status_code == 200
    assert len(answers[0].json()["outputs"][0]) > 1000
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=5)


def test_beyond_this_machine_it_prints_a_token():
    program = Program(CLI, "serve", "toy_reviews", "--port", "0", "--host", "0.0.0.0")
    line = wait_for_line(program)
    address = line.removeprefix("Serving on ").removesuffix(" (Ctrl-C ends)\n")
    url, _, token = address.partition("/?token=")
    assert len(token) == 32
    local = url.replace("0.0.0.0", "127.0.0.1")
    assert requests.get(f"{local}/v2", timeout=30).status_code == 401
    assert requests.get(f"{local}/v2", headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code == 200
    os.kill(program.pid, signal.SIGINT)
    assert program.wait().returncode == 0


def test_a_signal_while_models_load_is_not_lost(monkeypatch):
    """Whatever becomes of the exception of its handler."""

    def load(*args, **kwargs):
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("keras_rnn_zoo.serving.server.make_server", load)
    result = CliRunner().invoke(cli, ["serve", "toy_reviews", "--port", "0"])
    assert (result.exit_code, result.stdout) == (143, "")


def serve(*args):
    result = CliRunner().invoke(cli, ["serve", *args])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_a_port_in_use_is_reported_before_a_model_is_loaded(monkeypatch):
    monkeypatch.setattr("keras_rnn_zoo.serving.versions.Versions._load", None)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        message = serve("toy_reviews", "--port", str(port))
    assert message == f"Error: The port {port} is in use by another program. Choose another one: --port {port + 1}.\n"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "There is no run in"),
        (("toy_revews",), "Did you mean 'toy_reviews'"),
        (("toy_reviews", "--host", "no such host"), "The host 'no such host' is unknown. Use 127.0.0.1"),
        (("toy_reviews", "--host", "203.0.113.9"), "is not an address of this machine"),
        (("toy_reviews", "--token", "short"), "A token has 16 to 200 letters"),
    ],
)
def test_what_is_wrong_is_a_paragraph(args, words):
    assert words in serve(*args)


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "uvicorn" else find(name, *a))
    message = serve("toy_reviews")
    assert message == 'Error: A server needs the package uvicorn: pip install "keras-rnn-zoo[serve]".\n'
