"""XLA compiles few programs: one forward and one backward for all lengths that are padded to the same, either way."""

import os
import subprocess
import sys

CODE = """
import sys
import tensorflow as tf
from keras_rnn_zoo import registry

for cell in ("lstm", "mingru"):
    print("Now", cell, file=sys.stderr, flush=True)
    layer_class = registry.cells.get(cell).layer
    layers = [layer_class(4, return_sequences=True, go_backwards=backwards) for backwards in (False, True)]
    for length in (17, 20, 24):
        for layer in layers:
            x = tf.random.normal((3, length, 5))
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.reduce_sum(layer(x, training=True))
            assert tape.gradient(loss, x).shape == x.shape
"""


def test_a_program_serves_all_lengths_of_its_size_and_both_directions():
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0", "TF_CPP_VMODULE": "device_compiler=1"}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
    _, *cells = done.stderr.split("\nNow ")
    assert [told.split()[0] for told in cells] == ["lstm", "mingru"]
    for told in cells:
        assert told.count("Compilation of XLA executable time") == 2, told
