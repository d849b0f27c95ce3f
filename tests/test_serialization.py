"""A run's `model.keras` opens with Keras alone, once the package is imported."""

import importlib
import json
import pkgutil
import subprocess
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import layers
from keras_rnn_zoo.frameworks import serialization

OPEN = """
import sys
{imports}
model = keras.saving.load_model(sys.argv[1])
import numpy as np
np.savez(sys.argv[2], *model.get_weights())
"""


@pytest.mark.parametrize(
    "imports",
    ["import keras_rnn_zoo\nimport keras", pytest.param("import keras\nimport keras_rnn_zoo", marks=pytest.mark.slow)],
)
def test_keras_opens_the_model_in_a_fresh_process_after_importing_the_package(small_run, tmp_path, imports):
    run = small_run("addition")
    weights = tmp_path / "weights.npz"
    code = OPEN.format(imports=imports)
    command = [sys.executable, "-c", code, str(run.model_path), str(weights)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = zoo.load(run).model.get_weights()
    with np.load(weights) as loaded:
        assert len(loaded.files) == len(expected)
        for name, value in zip(loaded.files, expected, strict=True):
            np.testing.assert_array_equal(loaded[name], value)


def test_the_model_file_holds_no_optimizer(small_run):
    with zipfile.ZipFile(small_run("addition").model_path) as archive:
        assert not json.loads(archive.read("config.json")).get("compile_config")
        with archive.open("model.weights.h5") as content, h5py.File(content, "r") as weights:
            names: list[str] = []
            weights.visit(names.append)
    assert not [name for name in names if "optimizer" in name or "metric" in name]


def imported_layers() -> dict[str, type]:
    for module in pkgutil.iter_modules(layers.__path__):
        importlib.import_module(f"{layers.__name__}.{module.name}")
    return {
        name: cls
        for name, cls in keras.saving.get_custom_objects().items()
        if name.startswith("keras_rnn_zoo>") and cls.__module__.startswith(layers.__name__)
    }


def test_every_registered_layer_has_a_placeholder():
    expected = {(cls.__module__, cls.__name__) for cls in imported_layers().values()}
    assert set(serialization.layer_classes()) == expected


def test_a_placeholder_gives_the_class_and_does_not_replace_it(monkeypatch):
    objects = keras.saving.get_custom_objects()
    imported_layers()
    gru = layers.GRU
    serialization.register_layers()
    assert objects["keras_rnn_zoo>GRU"] is gru
    monkeypatch.delitem(objects, "keras_rnn_zoo>GRU")
    serialization.register_layers()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(gru(3)))
    assert type(again) is gru and again.units == 3


def test_looking_for_keras_does_not_use_up_the_import_hook():
    code = (
        "import importlib.util, sys\nimport keras_rnn_zoo\nassert importlib.util.find_spec('keras')\n"
        "assert 'keras' not in sys.modules\nimport keras\n"
        "assert 'keras_rnn_zoo>LSTM' in keras.saving.get_custom_objects()\n"
        "assert 'keras_rnn_zoo.layers' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
