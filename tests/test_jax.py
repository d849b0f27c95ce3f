"""A run trained on the JAX backend is a run like any other."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import keras_rnn_zoo as zoo

TEXTS = ["the cast is superb , not dull", "", "not only dull"]
PROGRAM = f"""
import json
import keras_rnn_zoo as zoo
from keras_rnn_zoo.datasets import toy_reviews

toy_reviews.SIZES = {{"train": 64, "validation": 32, "test": 32}}
run = zoo.train("many_to_one", epochs=1, units=4, verbose=0)
answers = zoo.predict(run, {TEXTS!r})
try:
    zoo.export(run)
except zoo.ZooError as error:
    answers.append(str(error))
print(json.dumps(answers))
"""


def test_a_run_trained_on_jax_answers_alike_on_tensorflow():
    pytest.importorskip("jax", reason="the extra `jax` is not installed")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *answers, refusal = json.loads(done.stdout)
    assert "set KERAS_BACKEND=tensorflow and export again" in refusal
    mine = zoo.predict("many_to_one", TEXTS)
    np.testing.assert_allclose(
        [answer["probabilities"] for answer in mine], [answer["probabilities"] for answer in answers], atol=1e-4
    )
