"""Sharing on the Hugging Face Hub, with a stand-in of its HTTP endpoints: see `hub_server`."""

import contextlib
import json
import shutil
import socket
import threading

import pytest
from click.testing import CliRunner
from hub_server import TOKEN, running

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import HubError, OptionError, RunError
from keras_rnn_zoo.offline import OfflineError
from keras_rnn_zoo.sharing import hub as sharing
from keras_rnn_zoo.sharing.address import Address
from zoo_cli.main import cli

hub_http = pytest.importorskip("huggingface_hub.utils._http", reason="the extra `hub` is not installed")

REVIEWS = "hf://jane/reviews"
SENT = {"config.json", "README.md", "history.csv", "metrics.json", "model.keras", "task/labels.txt",
        "task/vocabulary.txt"}  # fmt: skip


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A stand-in of the Hub, which tests use in its place, and no login."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(hub_http.time, "sleep", lambda seconds: None)  # Between attempts.
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with running() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server
        hub_http.close_session()


@pytest.fixture
def run(small_run):
    return small_run("toy_reviews")


@pytest.fixture
def pushed(hub, run):
    """A stand-in that has a run."""
    zoo.push(run, REVIEWS, token=TOKEN)
    hub.requests.clear()
    return hub


def test_a_run_comes_back_as_it_was_pushed(hub, run, models_dir, tmp_path):
    (tmp_path / "token.txt").write_text(f"{TOKEN}\n")
    arguments = ["push", str(run.path), REVIEWS, "--private", "--token-file", str(tmp_path / "token.txt")]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"{hub.url}/jane/reviews/commit/{hub.commit('jane/reviews')}\n"
    assert hub.private == {"jane/reviews"}
    files = hub.files("jane/reviews")[0]
    assert files.keys() - {".gitattributes"} == SENT
    assert all(files[name] == (run.path / name).read_bytes() for name in SENT)
    pulled = zoo.pull(REVIEWS, token=TOKEN)
    assert pulled.path == models_dir / "reviews"
    assert pulled.predict(["the plot is not dull"]) == zoo.predict(str(run.path), ["the plot is not dull"])
    origin = {"repository": REVIEWS, "revision": "main", "commit": hub.commit("jane/reviews")}
    assert json.loads((pulled.path / "origin.json").read_text()) == origin
    assert {path.name for path in pulled.path.iterdir()} == {name.partition("/")[0] for name in SENT} | {"origin.json"}
    shown = CliRunner().invoke(cli, ["show", "reviews"], catch_exceptions=False).stdout
    assert f"{REVIEWS}, commit {origin['commit']}" in " ".join(shown.split())
    assert sorted(path.name for path in models_dir.iterdir()) == ["reviews"]


def test_nothing_but_the_run_is_sent(hub, run):
    zoo.push(run, REVIEWS, token=TOKEN)
    sent = [json.loads(line)["value"].get("path") for _, path, body in hub.requests if "/commit/" in path
            for line in body.splitlines()]  # fmt: skip
    assert {name for name in sent if name} == SENT
    logs = (run.path / "example" / "input.txt").read_bytes()
    assert not any(logs in body for _, _, body in hub.requests)


def test_an_earlier_revision_can_be_pulled_and_a_push_replaces_the_run(pushed, run, small_run):
    first = pushed.commit("jane/reviews")
    with pytest.raises(
        HubError, match=r"There is already a repository hf://jane/reviews on the Hub.*with overwrite=True"
    ):
        zoo.push(small_run("digits"), REVIEWS, token=TOKEN)
    zoo.push(small_run("digits"), REVIEWS, token=TOKEN, overwrite=True)
    assert "task/vocabulary.txt" not in pushed.files("jane/reviews")[0]
    assert zoo.pull(REVIEWS).config.architecture == "one_to_one"
    with pytest.raises(
        RunError, match=r"There is already a run 'reviews' in .* with overwrite=True, or choose another name"
    ):
        zoo.pull(REVIEWS)
    earlier = zoo.pull(f"{REVIEWS}@{first}", run="earlier")
    assert earlier.config.digest == run.config.digest
    assert json.loads((earlier.path / "origin.json").read_text())["commit"] == first
    assert zoo.pull(f"{REVIEWS}@{first}", overwrite=True).config.architecture == "many_to_one"
    assert sorted(path.name for path in earlier.path.parent.iterdir()) == ["earlier", "reviews"]


def edited(**changes):
    """Returns a change of the files of a repository; `None` removes one."""

    def change(files):
        for name, content in changes.items():
            name = name.replace("__", "/").replace("_", ".")
            files.pop(name, None)
            if content is not None:
                files[name] = content

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (edited(config_json=None), "it has no config.json, or one of more than"),
        (edited(config_json=b"{}\n"), "config.json: it has no valid 'run'"),
        (edited(config_json=b"\x80\x04cos\nsystem\n."), "config.json: it cannot be read as JSON"),
        (edited(model_keras=b"x"), "'model.keras' in it is damaged: its content is not what was written"),
        (edited(model_keras=None), "it lacks 'model.keras'"),
        (edited(task__labels_txt=b"a\nb\n"), "'task/labels.txt' in it is damaged"),
        (edited(task__labels_txt=None), "it lacks 'task/labels.txt'"),
    ],
)
def test_a_repository_without_a_sound_run_is_refused(pushed, models_dir, change, message):
    change(pushed.repositories["jane/reviews"][-1])
    with pytest.raises(RunError, match=message):
        zoo.pull(REVIEWS)
    assert not models_dir.exists()


def test_files_that_are_not_of_the_run_are_not_downloaded(pushed):
    files = pushed.repositories["jane/reviews"][-1]
    files.update({"evil.py": b"x", "task/evil": b"x", "../evil": b"x", "logs/train/events": b"x" * 10**6})
    pulled = zoo.pull(REVIEWS)
    assert not (pulled.path / "task" / "evil").exists()
    assert not any("evil" in path or "logs" in path for _, path, _ in pushed.requests)


def test_a_run_that_is_too_large_is_not_downloaded(pushed, models_dir, monkeypatch):
    monkeypatch.setattr(sharing, "MAX_BYTES", 1000)
    with pytest.raises(RunError, match=r"The run in hf://jane/reviews has [0-9,]+ bytes, but at most 1,000 are"):
        zoo.pull(REVIEWS)
    assert not any("model.keras" in path for _, path, _ in pushed.requests)
    assert not models_dir.exists()


def answering(status, message="", **headers):
    return lambda request: request.answer(status, {"error": message}, headers)


def slow(request):
    threading.Event().wait(1.0)  # Not `time.sleep`, which the fixture replaces.
    with contextlib.suppress(OSError):  # Nobody waits for it.
        request.answer(200, {})


def broken(request):
    request.connection.shutdown(socket.SHUT_RDWR)
    request.close_connection = True


PUSHES = {
    "no login": ({}, {}, "The Hub refused your login .status 401.|No login for the Hugging Face Hub was found"),
    "a wrong login": ({}, {"token": "wrong"}, r"refused your login \(status 401\): it may not write to hf://jane/rev"),
    "no right to write": ({"create": answering(403, "no right")}, {}, r"refused your login \(status 403\)"),
    "a failure": ({"create": answering(500)}, {}, r"The Hub failed \(status 500\) while hf://jane/reviews was used"),
    "too many requests": ({"create": answering(429)}, {}, "received too many requests from you"),
    "a failure of the upload": ({"/large/": answering(503)}, {}, "503.*The repository was created, and is empty"),
    "a failure of the upload to a new repository": (
        {"/large/": answering(503)}, {"overwrite": True}, "503.*The repository was created, and is empty"
    ),
    "a failure of the commit": ({"/commit/": answering(502)}, {}, r"status 502.*push again with overwrite=True"),
    "a broken connection": ({"create": broken}, {}, "The Hub cannot be reached, which hf://jane/reviews needs"),
}  # fmt: skip


@pytest.mark.parametrize("name", PUSHES)
def test_a_push_that_fails_says_why(hub, run, name):
    faults, arguments, message = PUSHES[name]
    hub.faults = faults
    token = {} if name == "no login" else {"token": TOKEN}
    with pytest.raises(HubError, match=message) as raised:
        zoo.push(run, REVIEWS, **{**token, **arguments})
    assert TOKEN not in str(raised.value) and "\n" not in str(raised.value)


PULLS = {
    "no repository": ({}, "hf://jane/other", "There is no repository hf://jane/other on the Hub, or it is private"),
    "no revision": ({}, f"{REVIEWS}@v9", "The repository hf://jane/reviews has no revision 'v9'"),
    "a gated one": ({"GET /api/models": answering(403, "", **{"X-Error-Code": "GatedRepo"})}, REVIEWS, "must grant"),
    "a failure": ({"GET /api/models": answering(503)}, REVIEWS, r"The Hub failed \(status 503\)"),
    "a failure of the download": ({"resolve/.*model.keras": answering(500)}, REVIEWS, "status 500|cannot be reached"),
    "an answer of something else": ({"GET /api/models": answering(200)}, REVIEWS, "cannot use .KeyError: 'id'."),
    "a file that vanished": ({"resolve/.*labels": answering(404, "", **{"X-Error-Code": "EntryNotFound"})}, REVIEWS,
                             "A file of hf://jane/reviews is missing on the Hub"),
    "a broken connection": ({"GET /api/models": broken}, REVIEWS, "The Hub cannot be reached"),
}  # fmt: skip


@pytest.mark.parametrize("name", PULLS)
def test_a_pull_that_fails_says_why_and_leaves_nothing(pushed, models_dir, name):
    pushed.faults, address, message = PULLS[name]
    with pytest.raises(HubError, match=message) as raised:
        zoo.pull(address, token=TOKEN)
    assert "\n" not in str(raised.value)
    assert not models_dir.exists()


def test_a_hub_that_does_not_answer_is_named(pushed, monkeypatch):
    pushed.faults = {"GET /api/models": slow}
    monkeypatch.setattr(sharing, "TIMEOUT", 0.1)
    with pytest.raises(HubError, match=f"The Hub did not answer in time while {REVIEWS} was used"):
        zoo.pull(REVIEWS)
    assert hub_http.get_session().timeout.read is None  # As it was before.


def test_no_network_is_named(hub, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(HubError, match="The Hub cannot be reached"):
            zoo.pull(REVIEWS)


@pytest.mark.parametrize("arguments", [["push", "RUN", REVIEWS], ["pull", REVIEWS]], ids=["push", "pull"])
def test_offline_mode_is_named(hub, run, arguments):
    arguments = [str(run.path) if word == "RUN" else word for word in arguments]
    result = CliRunner().invoke(cli, [*arguments, "--offline"], catch_exceptions=False)
    assert result.exit_code == 1
    assert "hf://jane/reviews needs the network, which --offline (or ZOO_OFFLINE) disables." in result.stderr
    assert not hub.requests
    with pytest.raises(OfflineError), pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOO_OFFLINE", "1")
        zoo.pull(REVIEWS)


@pytest.mark.parametrize(
    "address",
    ["jane/reviews", "hf://jane", "hf://jane/a/b", "hf://../x", "hf://jane/../x", "hf://jane/a--b", "hf://jane/-a",
     "hf://jane/a@../b", "hf://jane/a b", "https://huggingface.co/jane/a", "hf://jane/a@", "", "hf://jane/" + "a" * 97],
)  # fmt: skip
def test_an_address_of_no_repository_is_refused(hub, address):
    with pytest.raises(OptionError, match="The address of a repository is expected, such as hf://jane/reviews"):
        zoo.pull(address)
    assert not hub.requests


def test_an_address_is_read():
    assert Address.parse("hf://jane/my.reviews@refs/pr/1") == Address("jane/my.reviews", "refs/pr/1")
    assert str(Address.parse(REVIEWS)) == REVIEWS


def test_what_cannot_be_pushed_or_pulled_is_named(hub, run, tmp_path):
    with pytest.raises(HubError, match=r"A run is pushed to the main branch; received hf://jane/reviews@v2. Omit @v2"):
        zoo.push(run, f"{REVIEWS}@v2", token=TOKEN)
    with pytest.raises(RunError, match="is not a valid name of a run"):
        zoo.pull(REVIEWS, run="../x")
    broken = shutil.copytree(run.path, tmp_path / "broken")
    (broken / "model.keras").write_bytes(b"")
    with pytest.raises(RunError, match=r"model.keras is damaged"):
        zoo.push(str(broken), REVIEWS, token=TOKEN)
    for content in ("", "two words", "\x80"):
        (tmp_path / "token.txt").write_text(content, encoding="latin-1")
        arguments = ["pull", REVIEWS, "--token-file", str(tmp_path / "token.txt")]
        result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        assert result.exit_code == 1 and "token" in result.stderr
    assert not hub.requests


def test_the_extra_is_named_where_it_is_missing(hub, run, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(zoo.ZooError, match=r'needs the package huggingface_hub: pip install "keras-rnn-zoo\[hub\]"'):
        zoo.push(run, REVIEWS, token=TOKEN)
