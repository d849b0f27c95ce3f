"""A run trained on the JAX backend is a run like any other."""

import json
import os
import subprocess
import sys

import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry

PROGRAM = """
import json
import sys
import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry

name = sys.argv[1]
architecture = registry.architectures.get(name)
dataset = registry.default_dataset(architecture)
options = {"units": 4, "max_length": 8}  # Texts of one length: JAX compiles every other one anew.
known = registry.options_of(architecture, dataset)
sys.modules[dataset.make.__module__].SIZES = {"train": 96, "validation": 32, "test": 32}
run = zoo.train(name, epochs=1, verbose=0, **{key: options[key] for key in options if key in known})
raw = [raw for raw, _ in dataset.make(None, 0).split("test").take(3).as_numpy_iterator()]
report = {"answers": zoo.predict(run, raw), "metrics": run.metrics["metrics"]}
try:
    zoo.export(run)
except zoo.ZooError as error:
    report["refusal"] = str(error)
print(json.dumps(report))
"""


@pytest.mark.usefixtures("few_examples")
@pytest.mark.slow
@pytest.mark.parametrize("name", registry.list_architectures())
def test_a_run_trained_on_jax_answers_alike_on_tensorflow(name):
    pytest.importorskip("jax", reason="the extra `jax` is not installed")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, name],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout)
    assert "set KERAS_BACKEND=tensorflow and export again" in theirs["refusal"]
    examples = registry.default_dataset(registry.architectures.get(name)).make(None, 0).split("test")
    mine = zoo.predict(name, [raw for raw, _ in examples.take(3).as_numpy_iterator()])
    for answer, other in zip(mine, theirs["answers"], strict=True):
        for key, value in answer.items():
            numeric = isinstance(value, float | dict) or (isinstance(value, list) and isinstance(value[0], float))
            assert other[key] == (pytest.approx(value, abs=1e-4) if numeric else value)
    assert zoo.evaluate(name).metrics == pytest.approx(theirs["metrics"], abs=1e-3)
