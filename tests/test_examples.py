"""The programs under docs/examples, run as their comments say."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from processes import run_python

import keras_rnn_zoo as zoo

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"
TEXTS = ["although the plot is dull , the cast is superb", "", "a film to remember"]


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    shutil.copytree(trained.path, folder / trained.name)
    return zoo.export(trained.name, models_dir=str(folder), check=False)


def test_the_python_program_classifies_texts_with_an_export(exported):
    done = run_python((EXAMPLES / "classify_text.py").read_text(), exported, *TEXTS)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == labels(exported)


def test_the_python_program_classifies_a_text_as_it_comes(trained_once, shrink, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        settings = {"epochs": 1, "units": 4, "embedding_dim": 4, "bidirectional": False}
        trained = zoo.Run.find(trained_once("one_way", "many_to_one", **settings))
    export = zoo.export(shutil.copytree(trained.path, tmp_path / "one_way"), streaming=True, check=False)
    text = " ".join(TEXTS)
    done = run_python((EXAMPLES / "stream_text.py").read_text(), export, input=text.encode())
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == trained.task.describe(trained.predict([text])[0])


def test_keras_takes_an_endpoint_as_a_layer(exported):
    import keras

    layer = keras.layers.TFSMLayer(str(exported), call_endpoint="encode")
    vectors = layer(tf.constant(TEXTS))["vector"]
    endpoint = tf.saved_model.load(str(exported)).signatures["encode"]
    np.testing.assert_allclose(vectors, endpoint(text=tf.constant(TEXTS))["vector"], atol=1e-6)


def labels(exported):
    return [answer["label"] for answer in zoo.predict(exported, TEXTS)]


def built(program, compiler):
    """Compiles a program against the library of the pip package."""
    library = Path(tf.sysconfig.get_lib())
    command = [*compiler, "-o", str(program), f"-I{library / 'include'}", "-Wl,--no-as-needed"]
    command += [str(library / f"libtensorflow_{part}.so.2") for part in ("cc", "framework")]
    done = subprocess.run([*command, f"-Wl,-rpath,{library}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return program


def run(program, *arguments):
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    command = [str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
def test_the_c_program_classifies_texts_with_an_export(exported, tmp_path):
    program = built(tmp_path / "program", ["gcc", "-Wall", "-Wextra", "-Werror", str(EXAMPLES / "classify_text.c")])
    done = run(program, exported, *TEXTS)
    assert done.returncode == 0, done.stderr
    for line, text, answer in zip(done.stdout.splitlines(), TEXTS, zoo.predict(exported, TEXTS), strict=True):
        label, *probabilities, _ = line.removesuffix(text).split(" ")
        assert label == answer["label"]
        assert [float(number) for number in filter(None, probabilities)] == pytest.approx(
            list(answer["probabilities"].values()), abs=2e-6
        )
    done = run(program, tmp_path, "x")
    assert done.returncode == 1
    assert "Could not find SavedModel" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed")
def test_the_cpp_program_classifies_texts_with_an_export(exported, tmp_path):
    # Of warnings TensorFlow's own headers give many.
    program = built(tmp_path / "program", ["g++", "-std=c++17", "-w", str(EXAMPLES / "classify_text.cc")])
    done = run(program, exported, *TEXTS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == labels(exported)
    done = run(program, tmp_path, "x")
    assert done.returncode == 1
    assert "Could not find SavedModel" in done.stderr
