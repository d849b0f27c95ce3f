"""Training by several processes: where they meet, how they start and end, and that they compute what one does."""

import csv
import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from distributed_programs import ON_TWO_DEVICES
from pages import commands_of, text_of

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.distributed.environment import Place, find_place
from keras_rnn_zoo.distributed.launch import launch
from keras_rnn_zoo.errors import OptionError
from zoo_cli.main import cli

COMMANDS = commands_of(text_of("distributed.md"))
SMALL = {"units": 4, "embedding_dim": 4, "bidirectional": False, "dropout": 0.2, "epochs": 2, "batch_size": 16}
NAMES = {"JAX_COORDINATOR_ADDRESS": "node1:12345", "JAX_NUM_PROCESSES": "4", "JAX_PROCESS_ID": "2"}
SLURM = {"SLURM_JOB_ID": "7", "SLURM_STEP_NODELIST": "node[1-2]", "SLURM_LOCALID": "0"}
SLURM |= {"SLURM_NTASKS": "4", "SLURM_PROCID": "3"}


@pytest.fixture
def on_jax(monkeypatch):
    """The backend as in the processes that train: this one has TensorFlow's."""
    monkeypatch.setattr("keras_rnn_zoo.distributed.environment.backend", lambda: "jax")


@pytest.fixture
def reviews(tmp_path):
    """A file of 83 reviews: the last batch of their training split is not full."""
    rows = [f"the soup is {word} {number},{stars}" for number in range(50) for word, stars in (("good", 5), ("bad", 1))]
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join(["review,stars", *rows[:83]]) + "\n")
    return path


def settings():
    return [word for name, value in SMALL.items() for word in ("--set", f"{name}={str(value).lower()}")]


def history_of(run):
    with open(run / "history.csv", newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def on_jax_alone(code, *args, devices=1):
    flags = {"KERAS_BACKEND": "jax", "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}"}
    command = [sys.executable, "-c", code, *args]
    done = subprocess.run(command, env={**os.environ, **flags}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


# Where the processes meet


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, None),
        (NAMES, Place("node1:12345", 4, 2)),
        ({**NAMES, "JAX_NUM_PROCESSES": "1", "JAX_PROCESS_ID": "0"}, None),
        (SLURM, Place(None, 4, 3)),
        ({**SLURM, "SLURM_NTASKS": "1", "SLURM_PROCID": "0"}, None),
        ({**SLURM, "JAX_COORDINATOR_ADDRESS": "node1:1"}, Place("node1:1", 4, 3)),
        ({name: value for name, value in SLURM.items() if name != "SLURM_PROCID"}, None),  # Not in a step of `srun`.
    ],
)
def test_the_environment_says_which_process_this_is(environment, place, on_jax):
    assert find_place(environment) == place


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"JAX_PROCESS_ID": None}, "JAX_COORDINATOR_ADDRESS is set, but JAX_PROCESS_ID is not"),
        ({"JAX_NUM_PROCESSES": "two"}, "JAX_NUM_PROCESSES expects an integer from 1; received 'two'"),
        ({"JAX_NUM_PROCESSES": "0"}, "JAX_NUM_PROCESSES expects an integer from 1; received '0'"),
        ({"JAX_PROCESS_ID": "4"}, "the last process is 3; received 4"),
        ({"JAX_COORDINATOR_ADDRESS": "node1"}, "expects the host and a port of process 0, such as node1:12345"),
    ],
)
def test_a_wrong_variable_is_named(changes, fault, on_jax):
    environment = {name: value for name, value in {**NAMES, **changes}.items() if value is not None}
    with pytest.raises(OptionError, match=fault.replace("(", r"\(")):
        find_place(environment)


def test_slurm_is_left_alone_on_other_backends():
    assert find_place(SLURM) is None


# What cannot work


@pytest.mark.parametrize(
    ("args", "environment", "fault"),
    [
        (["--processes", "2"], {}, "needs the JAX backend, but the backend of Keras is tensorflow. Set the"),
        (["--processes", "0"], {}, "Option 'processes' expects an integer from 1; received 0"),
        (["--processes", "2"], NAMES, "JAX_COORDINATOR_ADDRESS=node1:12345 makes this process one of a training"),
        ([], NAMES, "needs the JAX backend"),
    ],
)
def test_the_command_says_why_processes_cannot_train(args, environment, fault, models_dir):
    result = CliRunner().invoke(cli, ["train", "many_to_one", *args], env=environment)
    assert result.exit_code == 1
    assert fault in result.stderr
    assert not models_dir.exists()


def test_a_search_refuses_to_be_one_of_several_processes(monkeypatch):
    monkeypatch.setenv("JAX_COORDINATOR_ADDRESS", "node1:12345")
    with pytest.raises(OptionError, match="each trial of a search is trained by one process"):
        zoo.tune("many_to_one", trials=1)


# What they compute


@pytest.mark.slow
def test_two_processes_train_what_one_does(reviews, models_dir, monkeypatch):
    """The command of the page, against a training by one process; and gradients on two devices against those on one."""
    arguments = {"dataset": f"csv:{reviews}", **SMALL}
    found = json.loads(on_jax_alone(ON_TWO_DEVICES, "lstm", json.dumps(arguments), devices=2))
    for difference in found.values():
        assert difference["gradient"] <= 1e-6 < 1e-2 < difference["size"]
        assert difference["loss"] <= 1e-6
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    words = COMMANDS[0].split()[1:]
    assert words == ["train", "many_to_one", "--processes", "2"]
    assert launch([*words, "--dataset", f"csv:{reviews}", "--run", "shared", *settings()], 2) == 0
    alone, shared = history_of(models_dir / "alone"), history_of(models_dir / "shared")
    assert len(alone) == len(shared) == 2
    for one, other in zip(alone, shared, strict=True):
        assert other == pytest.approx(one, abs=1e-5)
    assert Run(models_dir / "shared").metrics == pytest.approx(Run(models_dir / "alone").metrics, abs=1e-5)
    assert (Run(models_dir / "shared").config.processes, Run(models_dir / "alone").config.processes) == (2, 1)
    assert not list(models_dir.glob(".*"))


@pytest.mark.slow
def test_gradients_of_every_cell_on_two_devices_are_those_on_one():
    """The quick test above has the cell that most users have."""
    cells = [entry.name for entry in registry.cells.entries()]
    found = json.loads(on_jax_alone(ON_TWO_DEVICES, ",".join(cells), devices=2))
    assert len(found) == 2 * len(cells)
    for name, difference in found.items():
        assert difference["gradient"] <= 1e-5 * max(1, difference["size"]), name
        assert difference["loss"] <= 1e-5, name
