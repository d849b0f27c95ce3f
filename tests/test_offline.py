"""With `--offline`, no command asks the network for anything."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import offline as network
from keras_rnn_zoo.offline import OfflineError

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static void note(const char *what) {
    const char *path = getenv("CALLS");
    int file = path ? open(path, O_WRONLY | O_APPEND | O_CREAT, 0644) : -1;
    if (file >= 0) { (void)!write(file, what, strlen(what)); close(file); }
}
int connect(int fd, const struct sockaddr *to, socklen_t size) {
    if (to->sa_family == AF_INET || to->sa_family == AF_INET6) note("connect\n");
    return ((int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect"))(fd, to, size);
}
ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length) {
    if (to && (to->sa_family == AF_INET || to->sa_family == AF_INET6)) note("sendto\n");
    typedef ssize_t (*Call)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
    return ((Call)dlsym(RTLD_NEXT, "sendto"))(fd, data, size, flags, to, length);
}
int getaddrinfo(const char *host, const char *service, const void *hints, void **found) {
    note("getaddrinfo\n");
    return ((int (*)(const char *, const char *, const void *, void **))dlsym(RTLD_NEXT, "getaddrinfo"))(
        host, service, hints, found);
}
"""
"""Counts what any library of the process, Python's or TensorFlow's, asks of the network, in the file `$CALLS`."""


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    """A library that is loaded before all others."""
    if not (compiler := shutil.which("cc")):
        pytest.skip("no C compiler is installed, to build the library that counts calls")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM)
    command = [compiler, "-shared", "-fPIC", "-w", "-o", folder / "shim.so", folder / "shim.c", "-ldl"]
    subprocess.run(command, check=True)
    return folder / "shim.so"


@pytest.fixture
def asked(shim, tmp_path):
    """Runs a program, and returns how it ended, what it printed and the calls to the network that it made."""

    def run(*command, **variables):
        calls = tmp_path / "calls"
        calls.unlink(missing_ok=True)
        environment = {**os.environ, "LD_PRELOAD": str(shim), "CALLS": str(calls), "CUDA_VISIBLE_DEVICES": "-1"}
        done = subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, check=False, env={**environment, **variables}
        )
        return done, calls.read_text().split() if calls.exists() else []

    return run


ZOO = "from zoo_cli.main import cli; cli()"


def test_what_asks_the_network_is_counted(asked):
    """The other tests of this file would see it."""
    for code in (
        "import socket; socket.socket().connect_ex(('127.0.0.1', 9))",
        "import urllib.request as u; u.urlopen('http://localhost:9')",
    ):
        assert asked("-c", code)[1]


INFORMING = [["list"], ["show", "ctc"], ["datasets"], ["init", "ctc", "--output", "{tmp}/ctc.yaml"], ["--version"]]
WORKING = [
    ["predict", "{run}", "fine"],
    ["evaluate", "{run}", "--split", "validation"],
    ["export", "{run}", "--no-check"],
    ["train", "many_to_one", "--run", "new", "--epochs", "1", "--set", "units=2", "--set", "embedding_dim=2", "-q"],
]
SLOW = [pytest.param(words, marks=pytest.mark.slow) for words in WORKING[1:]]


@pytest.mark.parametrize("words", INFORMING + WORKING[:1] + SLOW, ids=str)
def test_no_command_asks_the_network(asked, copied, tmp_path, words):
    words = [word.format(run=copied.name, tmp=tmp_path) for word in words]
    done, calls = asked("-c", ZOO, words[0], *([] if words[0] == "--version" else ["--offline"]), *words[1:])
    assert done.returncode == 0, done.stderr
    assert calls == []


MISSING = [
    (["train", "many_to_one", "--dataset", "imdb_reviews"], "'imdb_reviews/plain_text' is not on disk"),
    pytest.param(
        ["train", "many_to_many", "--dataset", "small_parallel_enja"],
        "'small_parallel_enja' is not on disk",
        marks=pytest.mark.slow,
    ),
    (["train", "many_to_one", "--dataset", "tfds:glue/sst2"], "'glue/sst2' is not on disk"),
]


@pytest.mark.parametrize(("words", "wants"), MISSING, ids=lambda value: str(value)[:40])
def test_a_data_set_that_is_not_there_is_not_downloaded(asked, tmp_path, words, wants):
    done, calls = asked("-c", ZOO, "--offline", *words, TFDS_DATA_DIR=str(tmp_path / "tfds"))
    assert done.returncode == 1
    told = done.stderr.strip().splitlines()[-1]
    assert told.startswith("Error: ")
    assert wants in told
    assert "needs the network, which --offline (or ZOO_OFFLINE) disables" in told
    assert "Traceback" not in done.stderr
    assert calls == []


@pytest.mark.slow
def test_the_variable_forbids_it_too(asked, tmp_path):
    words = ["train", "many_to_one", "--dataset", "imdb_reviews"]
    done, calls = asked("-c", ZOO, *words, TFDS_DATA_DIR=str(tmp_path / "tfds"), ZOO_OFFLINE="1")
    assert done.returncode == 1
    assert "disables" in done.stderr
    assert calls == []


def test_weights_that_are_not_there_are_not_downloaded(asked, tmp_path):
    code = "import keras_rnn_zoo as zoo; zoo.build('one_to_many', encoder='MobileNetV2', pretrained=True)"
    done, calls = asked("-c", code, ZOO_OFFLINE="1", KERAS_HOME=str(tmp_path / "keras"))
    assert "The ImageNet weights of MobileNetV2 are not on disk" in done.stderr.splitlines()[-1]
    assert "pretrained=False" in done.stderr
    assert calls == []


@pytest.mark.parametrize("value", ["1", "true", "yes", "anything"])
def test_any_call_is_refused(monkeypatch, value):
    monkeypatch.setenv("ZOO_OFFLINE", value)
    network.install_offline_guard()
    with pytest.raises(OfflineError, match=r"Network access to 'example\.org'"):
        socket.getaddrinfo("example.org", 80)
    with socket.socket() as one, pytest.raises(OfflineError, match="127"):
        one.connect(("127.0.0.1", 9))


@pytest.mark.parametrize("value", ["", "0", "false", "No", "off"])
def test_what_says_no_forbids_nothing(monkeypatch, value):
    monkeypatch.setenv("ZOO_OFFLINE", value)
    assert not network.is_offline()
    socket.getaddrinfo("localhost", 80)


def test_the_option_holds_for_its_command_alone(monkeypatch):
    monkeypatch.delenv("ZOO_OFFLINE", raising=False)
    with network.offline():
        assert network.is_offline()
        with network.offline(enabled=False):
            assert network.is_offline()
    assert not network.is_offline()
    assert zoo.list_architectures()


@pytest.mark.slow
def test_no_interface_is_needed(copied, asked):
    """In a network namespace of its own, where the system lets us make one."""
    if subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user cannot create a network namespace")
    command = ["unshare", "-rn", sys.executable, "-c", ZOO, "evaluate", copied.name, "--split", "validation"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0, done.stderr
    assert Path(copied.path / "metrics.json").is_file()
