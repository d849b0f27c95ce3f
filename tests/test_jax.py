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
report = {"answers": zoo.predict(run, raw), "metrics": run.metrics}
try:
    zoo.export(run)
except zoo.ZooError as error:
    report["refusal"] = str(error)
print(json.dumps(report))
"""


@pytest.mark.usefixtures("few_examples")
@pytest.mark.slow
@pytest.mark.parametrize("name", registry.list_architectures())
def test_a_run_trained_on_jax_predicts_the_same_on_tensorflow(name):
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


OBJECTS = """
import sys
import keras
import numpy as np
import keras_rnn_zoo as zoo
from keras_rnn_zoo.datasets import toy_reviews

toy_reviews.SIZES = {"train": 96, "validation": 32, "test": 32}
small = {"units": 4, "embedding_dim": 4, "max_length": 8}
run = zoo.train(
    "many_to_one",
    epochs=2,
    optimizer=keras.optimizers.SGD(0.1, momentum=0.9),
    callbacks=[keras.callbacks.ReduceLROnPlateau()],
    class_weight="balanced",
    metrics=["sparse_top_k_categorical_accuracy"],
    verbose=0,
    **small,
)
assert {"learning_rate", "val_sparse_top_k_categorical_accuracy"} <= set(run.history.columns)
assert abs(run.evaluate()["accuracy"] - run.metrics["accuracy"]) < 1e-6
mixed = zoo.train("many_to_one", run="mixed", epochs=1, dtype_policy="mixed_bfloat16", verbose=0, **small)
assert np.isfinite(mixed.history["val_loss"]).all()
batches, task = zoo.make_dataset("many_to_one", max_length=8)
model = zoo.build("many_to_one", units=4, embedding_dim=4, **task.model_options())
model.compile("adam", task.loss(), metrics=task.training_metrics(), jit_compile=True)
assert np.isfinite(model.fit(batches, epochs=2, verbose=0, shuffle=False).history["loss"]).all()
"""


@pytest.mark.slow
def test_objects_of_keras_and_own_loops_work_on_jax():
    pytest.importorskip("jax", reason="the extra `jax` is not installed")
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run([sys.executable, "-c", OBJECTS], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
