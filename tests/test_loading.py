import json

import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import OptionError, RunError

INPUTS = {
    "adding": [np.full((5, 2), 0.25), np.ones((3, 2))],
    "addition": ["12+34", "", "9+1"],
    "digits": None,
    "tiny_shakespeare": ["To be", "not"],
}


@pytest.fixture
def exported(small_export):
    """A function that gives the export of a small run, written once."""
    return small_export


@pytest.mark.parametrize("name", INPUTS)
def test_an_export_predicts_as_its_run_does(exported, small_run, name):
    run = zoo.load(small_run(name))
    loaded = zoo.load(exported(name))
    inputs = INPUTS[name] or [run.task.reader.dummy_input(number) for number in range(3)]
    for answer, wanted in zip(loaded.predict(inputs), run.predict(inputs), strict=True):
        assert answer.keys() == wanted.keys()
        for key, value in wanted.items():
            assert answer[key] == (pytest.approx(value, abs=1e-5) if not isinstance(value, str) else value)


def test_functions_accept_its_path_and_the_loaded_object(exported):
    path = exported("addition")
    answers = zoo.predict(zoo.load(path), ["1+2"])
    assert zoo.predict(str(path), ["1+2"]) == answers
    assert zoo.predict(path, ["1+2"]) == answers


def test_prediction_options_are_those_of_the_run(exported):
    loaded = zoo.load(exported("tiny_shakespeare"))
    first = loaded.predict(["To be"], max_new_tokens=20, seed=1)
    assert len(first[0]["text"]) == 25
    assert loaded.predict(["To be"], max_new_tokens=20, seed=1) == first
    with pytest.raises(OptionError, match="temperatur"):
        loaded.predict(["To be"], temperatur=1)


@pytest.fixture
def copy(exported, tmp_path):
    """A copy of an export, to damage."""
    import shutil

    return shutil.copytree(exported("addition"), tmp_path / "1")


@pytest.mark.parametrize("name", ["saved_model.pb", "assets/target_vocabulary.txt", "variables/variables.index"])
def test_a_damaged_or_missing_file_of_an_export_is_named(copy, name):
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(RunError, match=rf"{name}'? is damaged: its content is not what was written"):
        zoo.load(copy)
    if name != "saved_model.pb":  # Without it, it is no SavedModel.
        (copy / name).unlink()
        with pytest.raises(RunError, match="it is missing"):
            zoo.load(copy)


def test_a_saved_model_of_others_is_refused(copy):
    (copy / "export.json").unlink()
    with pytest.raises(RunError, match=r"has no export\.json, so `zoo export` did not write it"):
        zoo.load(copy)
    (copy / "export.json").write_text(json.dumps({"task": 3}))
    with pytest.raises(RunError, match=r"export\.json is damaged: it has no valid"):
        zoo.load(copy)
