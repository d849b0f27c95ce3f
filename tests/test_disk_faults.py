"""A disk that is full or read-only, a folder that goes, a clock set back: an error, and nothing done is lost."""

import errno
import os
import shutil
import subprocess
import sys
import time

import keras
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import atomic_files as files
from keras_rnn_zoo.artifacts import run as runs
from keras_rnn_zoo.errors import RunError, TrainingError, TrainingInterrupted

pytestmark = pytest.mark.usefixtures("few_examples")

SMALL = {"units": 4, "embedding_dim": 4, "bidirectional": False, "verbose": 0, "epochs": 2}


def train(**arguments):
    return zoo.train("many_to_one", **{**SMALL, **arguments})


@pytest.fixture(scope="module")
def whole(tmp_path_factory, shrink):
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        return train(models_dir=str(tmp_path_factory.mktemp("whole")))


def answers(run):
    return zoo.predict(run, ["the film is dull", "superb"])


class FullDisk:
    """Refuses a file, counted as files reach the disk: from the first to the last, whichever it is asked to."""

    def __init__(self, refused=None):
        self.refused = refused
        self.count = 0

    def sync(self, path, sync=files.sync):
        self.count += 1
        if self.refused in (None, self.count):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        sync(path)


@pytest.mark.slow
def test_whichever_file_a_full_disk_refuses_the_training_goes_on_later(monkeypatch, models_dir, whole):
    told = []
    for refused in (9, 17, 30):
        with monkeypatch.context() as patch:
            patch.setattr(files, "sync", FullDisk(refused).sync)
            with pytest.raises((OSError, TrainingError), match="No space left on device") as error:
                train(run="full")
        told.append(type(error.value))
        if told[-1] is TrainingError:
            assert "continue with resume=True" in str(error.value)
            assert answers(train(run="full", resume=True)) == answers(whole)
            shutil.rmtree(models_dir / "full")
        assert not models_dir.exists() or list(models_dir.iterdir()) == []
    assert told[0] is OSError
    assert told[-1] is TrainingError


def test_a_full_disk_leaves_no_part_of_an_export(monkeypatch, copied):
    before = answers(copied)

    with monkeypatch.context() as patch:
        patch.setattr(files, "sync", FullDisk().sync)
        with pytest.raises(OSError, match="No space left"):
            zoo.export(check=False)
    assert copied.versions() == []
    assert not list(copied.path.glob(".*"))
    assert answers(copied) == before


def test_what_frameworks_say_of_a_full_disk_becomes_an_error_of_the_system():
    told = "flush failed: No space left on device"
    with pytest.raises(OSError, match=told) as error, files.translate_os_errors():
        raise RuntimeError(f"{told}\nand more")
    assert error.value.errno == errno.ENOSPC
    with pytest.raises(RuntimeError, match="something else"), files.translate_os_errors():
        raise RuntimeError("something else")


# In a mount namespace of its own, on a file system that holds two megabytes, and then is read-only.
MOUNTED = """
import contextlib, shutil, subprocess, sys
from pathlib import Path
from zoo_cli.main import cli

def zoo(*args):
    try:
        cli(args)
    except SystemExit as ended:
        return ended.code

place, run = map(Path, sys.argv[1:])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=True)
shutil.copytree(run, place / "kept")
with contextlib.suppress(OSError):
    (place / "filling").write_bytes(bytes(10 * 2**20))
assert zoo("export", "kept", "--no-check") == 1
(place / "filling").unlink()
subprocess.run(["mount", "-o", "remount,ro", place], check=True)
assert zoo("train", "many_to_one", "--epochs", "1", "--set", "units=4") == 1
assert zoo("predict", "kept", "the film is dull") == 0
"""


@pytest.mark.slow
def test_a_file_system_that_is_full_and_then_read_only(whole, tmp_path):
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user cannot create a mount namespace")
    place = tmp_path / "place"
    place.mkdir()
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", MOUNTED, str(place), str(whole.path)],
        env={**os.environ, "ZOO_MODELS_DIR": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    refused = [line for line in done.stderr.splitlines() if line.startswith("Error: the system reported: ")]
    assert "No space left on device" in refused[0]
    assert "Read-only file system" in refused[1]
    assert done.stdout.split()[0] in ("negative", "positive")


class Remove(keras.callbacks.Callback):
    """Removes a folder in the second epoch."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            shutil.rmtree(self.folder)


def during(patch, callback):
    fit = keras.Model.fit
    patch.setattr(keras.Model, "fit", lambda *a, callbacks, **k: fit(*a, callbacks=[*callbacks, callback], **k))


def test_a_folder_that_goes_in_the_middle_is_an_error_and_other_runs_stay(monkeypatch, models_dir, whole):
    shutil.copytree(whole.path, models_dir / "kept")
    during(monkeypatch, Remove(models_dir / ".gone.unfinished"))
    with pytest.raises(OSError, match="No such file or directory"):
        train(run="gone")
    assert [path.name for path in models_dir.iterdir()] == ["kept"]
    assert answers("kept") == answers(whole)


def test_a_clock_that_is_set_back_changes_nothing(monkeypatch, models_dir, whole):
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        during(patch, Interrupt())
        with pytest.raises(TrainingInterrupted):
            train(run="late")
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() - 400 * 86_400)
    with pytest.raises(RunError, match="Resume it with resume=True"):
        train(run="late")
    for path in runs.unfinished_path(models_dir / "late").rglob("*"):
        os.utime(path, (2**32, 2**32))
    assert answers(train(run="late", resume=True)) == answers(whole)
