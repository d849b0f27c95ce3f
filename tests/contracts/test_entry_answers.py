"""What every data set keeps to, with its architecture and its default options: predictions, and those of exports."""

import functools

import pytest
from entry_runs import ENTRIES, QUICK, assert_same, raw_inputs
from processes import run_python
from stock import answers_of

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


OTHERS = [parameter.values for parameter in BACKWARDS if parameter.values not in QUICK]
SETS = [
    pytest.param(QUICK[::-1], id="a-dataset-of-each-kind"),
    pytest.param(OTHERS, id="others", marks=pytest.mark.slow),
]


@pytest.mark.slow  # `test_exports` asks an untrained model of each kind so; these are trained, with default options.
def test_every_export_predicts_like_its_run_with_stock_tensorflow(loaded_once, tmp_path):
    questions, expected = [], []
    for number, parameter in enumerate(BACKWARDS):
        loaded = loaded_once(*parameter.values)
        # Only the endpoint that is compared: what a whole export holds, `test_exports` tests of each task and input.
        export = tmp_path / str(number)
        exporting.write_saved_model(
            loaded, {exporting.DEFAULT: exporting.all_endpoints(loaded)[exporting.DEFAULT]}, export
        )
        for size in (1, 7):
            inputs = raw_inputs(loaded.run)[:size]
            names = [spec.name for spec in loaded.task.input_signature()]
            questions.append((export, loaded.task, dict(zip(names, loaded.task.to_batch(inputs), strict=True))))
            expected.append(zoo.predict(loaded, inputs))
    for mine, theirs in zip(expected, answers_of(questions, tmp_path), strict=True):
        assert_same(mine, theirs)


@pytest.mark.parametrize("entries", SETS)
def test_every_run_is_loaded_by_a_fresh_process(runs, entries):
    """Nothing that training had imported is needed to find the layers of a saved model."""
    folders = [str(runs(*entry).path) for entry in entries]
    code = "import sys\nimport keras_rnn_zoo as zoo\nfor folder in sys.argv[1:]:\n    zoo.load(folder)"
    done = run_python(code, *folders)
    assert done.returncode == 0, done.stderr
