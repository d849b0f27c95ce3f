"""Programs that use the package show nothing of the frameworks, unless the user asks for it."""

import logging
import os
import subprocess
import sys

import pytest
import tensorflow as tf

import keras_rnn_zoo as zoo

PROGRAM = "import keras_rnn_zoo as zoo\nimport tensorflow as tf\nprint(int(tf.reduce_sum(tf.ones([2]))))"


@pytest.mark.parametrize("level", [None, pytest.param("0", marks=pytest.mark.slow)])
def test_a_program_shows_what_tensorflow_prints_only_if_asked(level):
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": level} if level else {}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "2\n"
    assert bool(done.stderr) == (level is not None), done.stderr


def test_many_runs_do_not_make_tensorflow_warn(small_run):
    """TensorFlow warns of the sixth function of the same code that is traced at its first call."""
    records, handler = [], logging.Handler()
    handler.emit = records.append
    tf.get_logger().addHandler(handler)
    try:
        for count in range(1, 8):
            zoo.predict(str(small_run("toy_reviews").path), ["a fine film"] * count)
    finally:
        tf.get_logger().removeHandler(handler)
    assert [record.getMessage() for record in records if "retracing" in record.getMessage()] == []
