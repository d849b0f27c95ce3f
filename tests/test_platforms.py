"""The package on systems that lack what Linux has, simulated by hiding it."""

import os
import subprocess
import sys

import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import atomic_files, platforms
from keras_rnn_zoo.artifacts.snapshot import NotRegularError, Snapshot
from keras_rnn_zoo.errors import RunError

HIDE = """
import ctypes, importlib, logging, os, pkgutil, platform, sys
import keras, sklearn, tensorflow, tensorflow_datasets  # They have code of their own for each system.

for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
for name in ("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "chown", "fork", "getuid", "mkfifo", "sysconf"):
    delattr(os, name)
os.supports_dir_fd, os.supports_fd = set(), set()

class Library(ctypes.CDLL):
    def __init__(self, name, *arguments, **options):
        if name is None:
            raise TypeError("bad argument type for built-in operation")
        super().__init__(name, *arguments, **options)

ctypes.CDLL = Library
platform.libc_ver = lambda: ("", "")
"""

USE = """
import keras_rnn_zoo as zoo, zoo_cli

for package in (zoo, zoo_cli):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.startswith("keras_rnn_zoo.tfds_builders"):
            importlib.import_module(module.name)
logging.basicConfig()
importlib.import_module("keras_rnn_zoo.datasets.adding").SIZES = {"train": 96, "validation": 32, "test": 32}
settings = {"epochs": 1, "units": 4, "sequence_length": 12, "verbose": 0}
zoo.train("many_to_one", dataset="adding", **settings)
run = zoo.train("many_to_one", dataset="adding", **settings)  # Takes the place of the first one.
print(zoo.evaluate(run)["mse"] == run.metrics["mse"])
"""


@pytest.mark.slow
def test_everything_is_imported_and_trains_without_linux_only_features(models_dir):
    done = subprocess.run([sys.executable, "-c", HIDE + USE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "True\n"
    assert {path.name for path in models_dir.iterdir()} == {"many_to_one", "many_to_one.1"}


@pytest.fixture
def without_folder_descriptors(monkeypatch):
    monkeypatch.setattr(platforms, "HAS_FOLDER_DESCRIPTORS", False)


def test_flags_that_the_system_lacks_are_left_out():
    assert platforms.flags("O_RDWR", "O_NO_SUCH_FLAG") == os.O_RDWR


def test_a_run_is_read_by_its_path(without_folder_descriptors, copied):
    assert zoo.predict(copied, ["fine"])[0]["label"]
    (copied.task_path / "labels.txt").write_text("changed\n")
    with pytest.raises(RunError, match=r"labels\.txt is damaged"):
        zoo.predict(copied.path.name, ["fine"])


def test_no_link_in_a_folder_is_followed(without_folder_descriptors, tmp_path):
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "folder"
    elsewhere.mkdir()
    folder.mkdir()
    (elsewhere / "secret.txt").write_text("secret")
    (folder / "inner").symlink_to(elsewhere)
    (folder / "file").symlink_to(elsewhere / "secret.txt")
    snapshot = Snapshot(folder)
    assert snapshot.names() == ["file", "inner"]
    assert list(snapshot.walk(["inner"])) == [("inner", "it is a symbolic link")]
    with pytest.raises(NotADirectoryError):
        snapshot.open("inner/secret.txt")
    with pytest.raises(NotRegularError, match="it is a symbolic link"):
        snapshot.open("file")


def test_a_folder_that_another_one_replaced_is_noticed(without_folder_descriptors, tmp_path):
    (tmp_path / "a").mkdir()
    snapshot = Snapshot(tmp_path / "a")
    assert snapshot.is_current()
    (tmp_path / "a").rename(tmp_path / "b")
    assert not snapshot.is_current()
    (tmp_path / "a").mkdir()
    assert not snapshot.is_current()
    with pytest.raises(NotADirectoryError):
        (tmp_path / "file").touch()
        Snapshot(tmp_path / "file")


def test_files_and_folders_are_written_completely(without_folder_descriptors, tmp_path):
    with atomic_files.atomic_directory(tmp_path / "folder") as folder:
        atomic_files.write_text(folder / "text.txt", "whole")
    assert (tmp_path / "folder" / "text.txt").read_text() == "whole"
