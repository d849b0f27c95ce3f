"""Slow trainings by several processes: all architectures, kills, IMDB, and what docs/distributed.md shows."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from distributed_programs import EVERY_ARCHITECTURE
from pages import all_commands, blocks_of, programs_of, text_of
from test_distributed import SMALL, history_of, settings

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.distributed.launch import free_port

pytestmark = pytest.mark.slow
PAGE = text_of("distributed.md")
SCRIPTS = re.findall(r"^```shell\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
(JOB,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
RUNS = {"distributed.md": [*all_commands(blocks_of(PAGE)), *programs_of(PAGE), JOB]}

ZOO = """#!/bin/bash
exec {python} -P -m keras_rnn_zoo "$@" {arguments}
"""
SSH = """#!/bin/bash
while [[ $1 == -* ]]; do shift; done
shift
exec bash -c "$*"
"""
SRUN = """#!/bin/bash
shift
export SLURM_JOB_ID=$$ SLURM_STEP_NODELIST=localhost SLURM_NTASKS=2
SLURM_PROCID=1 SLURM_LOCALID=1 "$@" &
SLURM_PROCID=0 SLURM_LOCALID=0 "$@"
status=$?
wait
exit $status
"""


def places(count=2):
    """Returns the environments of processes on this machine."""
    address = f"127.0.0.1:{free_port()}"
    shared = {**os.environ, "KERAS_BACKEND": "jax", "JAX_COORDINATOR_ADDRESS": address}
    return [{**shared, "JAX_NUM_PROCESSES": str(count), "JAX_PROCESS_ID": str(number)} for number in range(count)]


def run_all(command, environments):
    """Runs a command once in each environment, at a time, and returns what each printed."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, env=environment, **pipes) for environment in environments]
    printed = []
    for process in running:
        out, err = process.communicate()
        assert process.returncode == 0, err
        printed.append(out)
    return printed


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A function that runs a script of the page on this machine alone, in a folder with reviews, on small networks."""
    rows = [f"the soup is {word} {number},{stars}" for number in range(40) for word, stars in (("good", 5), ("bad", 1))]
    Path(tmp_path, "reviews.csv").write_text("\n".join(["review,stars", *rows]) + "\n")
    arguments = ["--dataset", f"csv:{tmp_path}/reviews.csv", *settings()]
    programs = {"zoo": ZOO.format(python=sys.executable, arguments=" ".join(arguments)), "ssh": SSH, "srun": SRUN}
    (tmp_path / "bin").mkdir()
    for name, text in programs.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    root = str(Path(__file__).parent.parent)
    monkeypatch.setenv("PYTHONPATH", root)

    def run(script):
        script = script.replace("node1:12345", f"127.0.0.1:{free_port()}")
        done = subprocess.run(["bash", "-ec", script], capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    return run


def test_scripts_for_ssh_and_slurm_train(shell, models_dir):
    export, _, ssh, slurm, _ = SCRIPTS
    assert export == "export KERAS_BACKEND=jax\n"
    for number, script in enumerate((ssh, slurm)):
        status, errors = shell(script)
        assert status == 0, errors
        run = Run(models_dir / "many_to_one")
        assert run.config.processes == 2
        assert len(history_of(run.path)) == SMALL["epochs"]
        run.path.rename(models_dir / f"script-{number}")
    assert not list(models_dir.glob(".*"))
    assert history_of(models_dir / "script-0") == history_of(models_dir / "script-1")


def test_a_training_is_resumed_after_the_kill_of_a_process(shell, models_dir):
    train, resume = (script.strip() for script in SCRIPTS if script.startswith("zoo"))
    assert resume == f"{train} --resume"
    script = f"export KERAS_BACKEND=jax; exec {train} --save-every-steps 1"
    started = subprocess.Popen(["bash", "-c", script], stderr=subprocess.PIPE, text=True)
    while not (models_dir / ".many_to_one.unfinished" / "training.state").exists():
        assert started.poll() is None, started.stderr.read()
        time.sleep(0.01)
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split()
    os.kill(int(children[1]), signal.SIGKILL)
    _, errors = started.communicate()
    assert started.returncode == 1
    assert "Process 1 (of 2, counted from 0) was killed by SIGKILL. The others were stopped. Resume the" in errors
    assert "zoo train many_to_one --run many_to_one --processes 2 --resume" in errors
    assert not any(Path("/proc", child).exists() for child in children)
    status, errors = shell(f"export KERAS_BACKEND=jax; {resume}")
    assert status == 0, errors
    assert len(history_of(models_dir / "many_to_one")) == SMALL["epochs"]


def test_a_process_that_loses_another_says_so(shell, models_dir):
    """Without `--processes`, as on several machines: nobody stops the others."""
    command = ["zoo", "train", "many_to_one", "--save-every-steps", "1"]
    first, second = (subprocess.Popen(command, env=place, stderr=subprocess.PIPE, text=True) for place in places())
    while not (models_dir / ".many_to_one.unfinished" / "training.state").exists():
        assert first.poll() is None, first.stderr.read()
        time.sleep(0.01)
    second.kill()
    second.communicate()
    _, errors = first.communicate()
    assert first.returncode == 1, errors
    assert "Error: This process lost contact with another process of the training" in errors
    assert "Traceback" not in errors


def test_the_job_for_kubernetes_sets_what_each_process_needs():
    service, job = yaml.safe_load_all(JOB)
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    names = {one["name"]: one.get("value") for one in container["env"]}
    assert names.keys() == {"KERAS_BACKEND", "JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"}
    assert int(names["JAX_NUM_PROCESSES"]) == job["spec"]["completions"] == job["spec"]["parallelism"]
    host = names["JAX_COORDINATOR_ADDRESS"].partition(":")[0]
    assert host == f"{job['metadata']['name']}-0.{pod['subdomain']}"
    assert service["metadata"]["name"] == pod["subdomain"]
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    assert [mount["name"] for mount in container["volumeMounts"]] == [volume["name"] for volume in pod["volumes"]]


def test_a_program_trains_with_others(tmp_path, models_dir):
    (program,) = programs_of(PAGE)
    small = "from keras_rnn_zoo.datasets import toy_reviews\n"
    small += "toy_reviews.SIZES = {'train': 64, 'validation': 16, 'test': 16}\n"
    run_all([sys.executable, "-c", small + program + "print(run.metrics['loss'])"], places())
    assert Run(models_dir / "shared").config.processes == 2


def test_every_architecture_trains_with_two_processes_as_with_one(models_dir):
    names = ",".join(registry.list_architectures())
    command = [sys.executable, "-c", EVERY_ARCHITECTURE, names]
    (alone,) = run_all([*command, "alone-"], [{**os.environ, "KERAS_BACKEND": "jax"}])
    shared, same = run_all([*command, "shared-"], places())
    alone, shared, same = (json.loads(printed.splitlines()[-1]) for printed in (alone, shared, same))
    assert shared == same
    for name, (metrics, history) in alone.items():
        found, rows = shared[name]
        # Scores of texts jump where rounding changes a word.
        assert found["loss"] == pytest.approx(metrics["loss"], abs=1e-3), name
        assert rows["val_loss"] == pytest.approx(history["val_loss"], abs=1e-4), name


def test_kills_of_random_processes_of_four_lose_nothing(tmp_path):
    """`--kills 20` is the figure of docs/reliability.md."""
    script = Path(__file__).with_name("process_kills.py")
    command = [sys.executable, str(script), "--folder", str(tmp_path), "--kills", "4"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["faults"] == [], done.stderr
    assert sum(found["kills"]) == 4


def test_imdb_is_trained_by_two_processes_as_by_one(tfds_dir, models_dir):
    """With the default learning rate, rounding grows to more than that: see docs/distributed.md."""
    small = ["--set", "units=8", "--set", "embedding_dim=8", "--set", "max_length=40", "--epochs", "2"]
    small += ["--batch-size", "128", "--learning-rate", "5e-4"]
    command = [sys.executable, "-m", "keras_rnn_zoo", "train", "many_to_one", "--dataset", "imdb_reviews"]
    for count in (1, 2):
        more = ["--data-dir", str(tfds_dir), "--processes", str(count), "--run", f"with-{count}", *small]
        run_all([*command, *more], [{**os.environ, "KERAS_BACKEND": "jax"}])
    alone, shared = (history_of(models_dir / f"with-{count}") for count in (1, 2))
    assert [row["val_loss"] for row in shared] == pytest.approx([row["val_loss"] for row in alone], abs=1e-4)
