"""Two processes and one run."""

import json
import os
import signal
import subprocess
import sys

import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo.artifacts import lock as locks
from keras_rnn_zoo.errors import RunError

HOLD = """
import sys, time
from pathlib import Path
from keras_rnn_zoo.artifacts.lock import run_lock
with run_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(models_dir):
    """A process that writes the run `many_to_one`."""
    command = [sys.executable, "-c", HOLD, str(models_dir / "many_to_one")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_process_is_told_which_one_holds_the_lock(holder, copied):
    told = rf"is being written by process {holder.pid}, started at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\S* \(-c .*\)\. Wait"
    for command in (lambda: zoo.train("many_to_one"), lambda: zoo.train("many_to_one", resume=True), zoo.export):
        with pytest.raises(RunError, match=told):
            command()
    assert copied.versions() == []
    with locks.run_lock(copied.path.with_name("other")):
        pass


def test_reading_continues_during_writing(holder, copied):
    assert zoo.predict("many_to_one", ["fine"])[0]["label"]
    assert zoo.evaluate("many_to_one", split="validation")["accuracy"]


def test_the_lock_of_a_killed_process_is_released(holder, models_dir):
    path = models_dir / "many_to_one"
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert locks.lock_path(path).exists()
    with locks.run_lock(path):
        assert json.loads(locks.lock_path(path).read_text())["process"] == os.getpid()
    assert not locks.lock_path(path).exists()


def test_a_file_that_names_a_living_process_is_not_a_lock(tmp_path):
    """Such as one of a dead process whose number was given out anew, or from a time when the clock was ahead."""
    path = tmp_path / "a"
    locks.lock_path(path).write_text(json.dumps({"process": 1, "began": "2999-01-01 00:00:00", "command": "zoo"}))
    with locks.run_lock(path):
        pass


def test_a_lock_within_a_process_holds_too(tmp_path):
    with locks.run_lock(tmp_path / "a"):
        with pytest.raises(RunError, match=f"process {os.getpid()}"), locks.run_lock(tmp_path / "a"):
            pass
        locks.lock_path(tmp_path / "a").write_text("")
        with pytest.raises(RunError, match="another process, which has just started"), locks.run_lock(tmp_path / "a"):
            pass


def test_files_that_a_killed_process_left_incomplete_are_removed(tmp_path):
    ours = [tmp_path / ".partial-abc_12-a", tmp_path / "a" / ".partial-77-export.json", tmp_path / "a" / "onnx"]
    ours[2] = ours[2] / ".partial-x-1"
    others = [tmp_path / ".partial-abc-b-a", tmp_path / ".partial-abc-ab", tmp_path / "a" / "1" / "variables"]
    for path in (*ours, *others):
        path.mkdir(parents=True)
    with locks.run_lock(tmp_path / "a"):
        assert not any(path.exists() for path in ours)
        assert all(path.exists() for path in others)


def test_a_folder_without_support_for_locks_is_used_anyway(tmp_path, monkeypatch, caplog):
    def refuse(descriptor, *, blocking):
        raise OSError(locks.errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks, "lock_descriptor", refuse)
    with locks.run_lock(tmp_path / "a"):
        assert "cannot be locked" in caplog.text


PLANTED = {
    "a link": (lambda lock, mine: lock.symlink_to(mine), "it is a symbolic link"),
    "a link to nowhere": (lambda lock, mine: lock.symlink_to(mine.with_name("nothing")), "it is a symbolic link"),
    "a hard link": (lambda lock, mine: lock.hardlink_to(mine), "it is a hard link"),
    "a pipe": (lambda lock, mine: os.mkfifo(lock), "it is a named pipe"),
    "a folder": (lambda lock, mine: lock.mkdir(), "it is a folder"),
}


@pytest.mark.parametrize("what", PLANTED)
def test_anything_with_the_name_of_the_lock_is_not_written_to(tmp_path, what):
    plant, told = PLANTED[what]
    mine = tmp_path / "mine.txt"
    mine.write_text("precious")
    plant(locks.lock_path(tmp_path / "a"), mine)
    with pytest.raises(RunError, match=rf"cannot be locked with .*\.a\.lock: {told}"), locks.run_lock(tmp_path / "a"):
        pass
    assert mine.read_text() == "precious"
    assert {path.name for path in tmp_path.iterdir()} == {"mine.txt", ".a.lock"}


def test_a_link_in_a_run_to_incomplete_files_is_not_followed(tmp_path):
    kept = tmp_path / "elsewhere" / ".partial-abc-mine"
    kept.mkdir(parents=True)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "more").symlink_to(kept.parent)
    with locks.run_lock(tmp_path / "a"):
        assert kept.exists()


@pytest.mark.parametrize("name", ["", "logs", "task/vocabulary.txt", "best-1.state", "history.csv"])
@pytest.mark.parametrize("kind", ["a symbolic link", "a named pipe"])
def test_a_training_writes_to_no_link_in_the_place_of_its_state(tmp_path, models_dir, name, kind):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place = models_dir / ".many_to_one.unfinished" / name
    place.parent.mkdir(parents=True)
    os.mkfifo(place) if kind == "a named pipe" else place.symlink_to(elsewhere)
    told = rf"blocks the training: it is {kind}" if name else "is not a directory"
    for settings in ({}, {"overwrite": True}):
        with pytest.raises(RunError, match=told):
            zoo.train("many_to_one", **settings)
    assert not list(elsewhere.iterdir())
