"""The processes that `zoo train --processes` starts, and how all of them end; here, they are shell scripts."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from keras_rnn_zoo.distributed.launch import LostProcess, launch

HANGS = "sleep 60 & wait"


@pytest.fixture
def launched(tmp_path, monkeypatch):
    """A function that launches scripts: that of process 0, and that of the others; returns the status of process 0."""
    monkeypatch.setattr("keras_rnn_zoo.distributed.launch._GRACE", 0.3)

    def run(chief, other, count=3):
        program = tmp_path / "python"
        program.write_text(f'#!/bin/sh\ncd "{tmp_path}"\necho $$ > pid-$JAX_PROCESS_ID\n')
        with open(program, "a") as file:
            file.write(f"if [ $JAX_PROCESS_ID = 0 ]; then\n{chief}\nelse\n{other}\nfi\n")
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))
        return launch(["train"], count)

    return run


def running(folder):
    """Returns the ids of the processes that were started and still run."""
    pids = [path.read_text().strip() for path in folder.glob("pid-*")]
    return [pid for pid in pids if Path("/proc", pid).exists()]


def test_the_status_is_that_of_process_0(launched, tmp_path):
    assert launched("exit 0", "exit 0") == 0
    assert launched("exit 7", HANGS) == 7
    assert running(tmp_path) == []


def test_an_error_of_all_processes_is_that_of_process_0(launched):
    assert launched("sleep 0.1; exit 1", "exit 1") == 1


@pytest.mark.parametrize(
    ("chief", "other", "message"),
    [
        (HANGS, "[ $JAX_PROCESS_ID = 2 ] && kill -9 $$; sleep 60 & wait", "Process 2 .* was killed by SIGKILL"),
        ("kill -9 $$", HANGS, r"Process 0 \(of 3, counted from 0\) was killed by SIGKILL"),
        (HANGS, "echo no memory >&2; exit 3", "(?s)Process 1 .* exited with status 3. .*output was:\n  no memory"),
    ],
)
def test_the_loss_of_a_process_ends_the_others_and_is_reported(launched, tmp_path, chief, other, message):
    begin = time.monotonic()
    with pytest.raises(LostProcess, match=message):
        launched(chief, other)
    assert time.monotonic() - begin < 30
    assert running(tmp_path) == []


def test_each_process_has_a_place_and_a_share_of_the_cores(launched, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")  # The user's own choice counts.
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(12), raising=False)
    assert launched("env > env-0", "env > env-$JAX_PROCESS_ID") == 0
    found = [
        dict(line.split("=", 1) for line in (tmp_path / f"env-{number}").read_text().splitlines() if "=" in line)
        for number in range(3)
    ]
    assert [one["JAX_PROCESS_ID"] for one in found] == ["0", "1", "2"]
    assert {one["JAX_NUM_PROCESSES"] for one in found} == {"3"}
    assert {one["NPROC"] for one in found} == {one["TF_NUM_INTRAOP_THREADS"] for one in found} == {"4"}
    assert {one["OMP_NUM_THREADS"] for one in found} == {"5"}
    (address,) = {one["JAX_COORDINATOR_ADDRESS"] for one in found}
    assert address.startswith("127.0.0.1:")
    assert {one["JAX_COORDINATOR_BIND_ADDRESS"] for one in found} == {address}


def test_ctrl_c_reaches_process_0_which_ends_by_itself(launched, tmp_path):
    def interrupt():
        while not (tmp_path / "ready").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    chief = "trap 'kill $!; exit 130' INT; touch ready; sleep 60 & wait"
    assert launched(chief, "trap 'touch interrupted' INT; sleep 60 & wait") == 130
    assert running(tmp_path) == []
    assert not (tmp_path / "interrupted").exists()


HOLDS = """
import os, sys
from keras_rnn_zoo.distributed.launch import LIFELINE, hold_lifeline
hold_lifeline()
print("held", flush=True)
import time
time.sleep(60)
"""


def test_a_process_ends_with_the_one_that_started_it():
    mine, theirs = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS],
        env={**os.environ, "ZOO_LIFELINE": str(mine)},
        pass_fds=[mine],
        stdout=subprocess.PIPE,
    )
    os.close(mine)
    assert process.stdout.readline() == b"held\n"
    assert process.poll() is None
    os.close(theirs)
    assert process.wait(timeout=30) == 1
    process.stdout.close()
