"""What every data set keeps to, with its architecture and its default options: predictions, and those of exports."""

import functools
import json

import numpy as np
import pytest
from entry_runs import ENTRIES, QUICK, assert_same, raw_inputs
from processes import run_python

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.exporting.formats import saved_model as exporting

# `test_entries` needs the same runs: two workers train them from both ends.
BACKWARDS = ENTRIES[::-1]


@pytest.fixture(scope="module")
def loaded_once(runs):
    """A function from an architecture and a dataset to the loaded run, whose graph is traced once for all tests."""
    return functools.cache(lambda name, dataset: zoo.load(runs(name, dataset)))


@pytest.mark.parametrize(("name", "dataset"), BACKWARDS)
def test_predictions_have_the_names_of_the_endpoint_and_do_not_depend_on_the_batch(loaded_once, name, dataset):
    loaded = loaded_once(name, dataset)
    inputs = raw_inputs(loaded.run)
    together = zoo.predict(loaded, inputs)
    endpoint = registry.endpoint_of(registry.datasets.get(dataset))
    assert set(together[0]) == set(endpoint["outputs"])
    assert [spec.name for spec in loaded.task.input_signature()] == list(endpoint["inputs"])
    assert_same(together, [zoo.predict(loaded, [raw])[0] for raw in inputs])
    assert_same(together, zoo.predict(loaded, inputs[::-1])[::-1])
    assert all(isinstance(loaded.task.describe(answer), str) for answer in together)


# A process that has stock TensorFlow: it cannot import this project, and has no custom op.
STOCK = """
import functools, importlib.abc, json, pathlib, sys

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("keras_rnn_zoo", "zoo_cli"):
            raise ImportError(name)

sys.meta_path.insert(0, Refuse())
import numpy as np
import tensorflow as tf

def plain(value):
    return value.decode() if isinstance(value, bytes) else value

@functools.cache
def endpoint_of(export):
    return tf.saved_model.load(export).signatures["serving_default"]

answers = []
for export, arguments in json.loads(pathlib.Path("questions.json").read_text()):
    endpoint = endpoint_of(export)
    inputs = dict(np.load(arguments))
    for name, values in inputs.items():
        if values.dtype.kind == "S":  # Raw bytes travel in hexadecimal digits, as NumPy drops zero bytes at the end.
            inputs[name] = [bytes.fromhex(value.decode()) for value in values]
    result = endpoint(**{name: tf.constant(values) for name, values in inputs.items()})
    answers.append({name: np.vectorize(plain, otypes="O")(value.numpy()).tolist() for name, value in result.items()})
pathlib.Path("answers.json").write_text(json.dumps(answers))
"""


OTHERS = [parameter.values for parameter in BACKWARDS if parameter.values not in QUICK]
SETS = [
    pytest.param(QUICK[::-1], id="a-dataset-of-each-kind"),
    pytest.param(OTHERS, id="others", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("entries", SETS)
def test_every_export_predicts_like_its_run_with_stock_tensorflow(loaded_once, tmp_path, entries):
    questions, expected = [], []
    for number, (name, dataset) in enumerate(entries):
        loaded = loaded_once(name, dataset)
        # Only the endpoint that is compared: what a whole export holds, `test_exports` tests of each task and input.
        export = tmp_path / str(number)
        exporting.write_saved_model(
            loaded, {exporting.DEFAULT: exporting.all_endpoints(loaded)[exporting.DEFAULT]}, export
        )
        for size in (1, 7):
            inputs = raw_inputs(loaded.run)[:size]
            tensors = loaded.task.to_batch(inputs)
            names = [spec.name for spec in loaded.task.input_signature()]
            path = tmp_path / f"{number}-{size}.npz"
            np.savez(path, **{key: encoded(value.numpy()) for key, value in zip(names, tensors, strict=True)})
            questions.append((str(export), str(path)))
            expected.append((loaded.task, zoo.predict(loaded, inputs)))
    (tmp_path / "questions.json").write_text(json.dumps(questions))
    done = run_python(STOCK, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for (task, mine), theirs in zip(expected, json.loads((tmp_path / "answers.json").read_text()), strict=True):
        rows = [task.trim({name: values[row] for name, values in theirs.items()}) for row in range(len(mine))]
        assert_same(mine, rows)


def encoded(values):
    if values.dtype.kind != "O":
        return values
    return np.array([value.hex().encode() for value in values.ravel()]).reshape(values.shape)


@pytest.mark.parametrize("entries", SETS)
def test_every_run_is_loaded_by_a_fresh_process(runs, entries):
    """Nothing that training had imported is needed to find the layers of a saved model."""
    folders = [str(runs(*entry).path) for entry in entries]
    code = "import sys\nimport keras_rnn_zoo as zoo\nfor folder in sys.argv[1:]:\n    zoo.load(folder)"
    done = run_python(code, *folders)
    assert done.returncode == 0, done.stderr
