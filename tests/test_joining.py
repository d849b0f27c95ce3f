"""Processes of a training that wait for others that are never started."""

import os
import socket
import subprocess
import sys

import pytest

from keras_rnn_zoo.distributed import joining
from keras_rnn_zoo.distributed.environment import Place
from keras_rnn_zoo.distributed.joining import join_timeout
from keras_rnn_zoo.distributed.launch import free_port
from keras_rnn_zoo.errors import OptionError

SECONDS = 3


def test_processes_that_wait_in_vain_say_so_and_end(tmp_path):
    """Process 0 of two, and process 1 of two others: JAX alone would abort them."""
    (tmp_path / "reviews.csv").write_text("review,stars\n" + "good,5\nbad,1\n" * 20)
    command = [sys.executable, "-P", "-m", "keras_rnn_zoo", "train", "many_to_one", "--dataset", "csv:reviews.csv"]
    waiting = {}
    for number in range(2):
        address = f"127.0.0.1:{free_port()}"
        place = {"JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": str(number)}
        more = {"KERAS_BACKEND": "jax", "ZOO_JOIN_TIMEOUT": str(SECONDS)}
        environment = {**os.environ, **place, **more}
        waiting[address] = subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    for number, (address, process) in enumerate(waiting.items()):
        _, errors = process.communicate()
        assert process.returncode == 1, errors
        found = [f"not all 2 have reached process 0 at {address}", f"process 0 does not answer at {address}"][number]
        said = f"Error: Process {number} (of 2, counted from 0) waited {SECONDS} seconds for the others, but {found}. "
        assert said in errors
        assert "set ZOO_JOIN_TIMEOUT to more seconds" in errors
        assert "Traceback" not in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reviews.csv"]


@pytest.mark.parametrize("text", ["0", "-1", "soon", "3601", "1.5"])
def test_a_time_that_jax_cannot_wait_is_refused(text):
    with pytest.raises(OptionError, match=rf"ZOO_JOIN_TIMEOUT expects .* from 1 to 3600; received '{text}'"):
        join_timeout({"ZOO_JOIN_TIMEOUT": text})


def test_the_message_names_what_to_start_and_where_it_must_reach(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        message = joining._missing(Place(address, 4, 2), 300)
        assert f"not all 4 have reached process 0 at {address}. Start the same command 4 times" in message
        assert "JAX_PROCESS_ID from 0 to 3, on machines" in message
        monkeypatch.setattr(joining.keras_internals, "coordinator_address", lambda: address)
        message = joining._missing(Place(None, 4, 2), 300)
        assert f"Check that SLURM started all 4 tasks, and that their nodes can reach {address}." in message
        monkeypatch.setattr(joining.keras_internals, "coordinator_address", lambda: None)
        assert "JAX has not found the address of process 0 in 300 seconds. Set JAX_" in joining._missing(
            Place(None, 4, 2), 300
        )
