"""XLA compiles few programs: one forward and one backward for all lengths that are padded to the same, either way."""

import os
import subprocess
import sys

import pytest

CODE = """
import tensorflow as tf
from keras_rnn_zoo import registry

layer_class = registry.cells.get({cell!r}).layer
layers = [layer_class(4, return_sequences=True, go_backwards=backwards) for backwards in (False, True)]
for length in (17, 20, 24):
    for layer in layers:
        x = tf.random.normal((3, length, 5))
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x, training=True))
        assert tape.gradient(loss, x).shape == x.shape
"""


@pytest.mark.parametrize("cell", ["lstm", "mingru"])
def test_a_program_serves_all_lengths_of_its_size_and_both_directions(cell):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0", "TF_CPP_VMODULE": "device_compiler=1"}
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(cell=cell)], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr.count("Compilation of XLA executable time") == 2
