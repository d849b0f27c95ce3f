import zipfile

import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, RunError

ODD_TEXTS = ["", "   ", "!?.,;", "😀👍🏽", "Привет", "a\x00b", b"\xff\xfe not utf-8", "<br />" * 50, "not " * 100_000]


@pytest.fixture(scope="module")
def loaded(trained):
    return zoo.load(trained)


def probabilities(loaded, texts):
    return np.array([answer["probabilities"] for answer in zoo.predict(loaded, texts)])


def test_answers_are_plain_values_by_name(loaded):
    (answer,) = zoo.predict(loaded, ["although the plot is dull , the cast is superb"])
    assert answer["label"] == "positive"
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-6)
    assert all(type(value) is float for value in answer["probabilities"])


def test_a_run_is_asked_by_its_name(copied):
    assert zoo.predict("many_to_one", ["the cast is superb , although the plot is dull"])[0]["label"] == "positive"


@pytest.mark.parametrize("inputs", ["great", b"great", [None], ["fine", 3]])
def test_what_is_no_list_of_texts_is_refused(loaded, inputs):
    with pytest.raises(DataError, match="expected"):
        zoo.predict(loaded, inputs)


def test_no_input_no_answer(loaded):
    assert zoo.predict(loaded, []) == []


@pytest.mark.parametrize("text", ODD_TEXTS, ids=lambda text: repr(text[:12]))
def test_an_odd_text_gets_an_answer(loaded, text):
    assert np.isfinite(probabilities(loaded, [text])).all()


def test_neither_batch_nor_order_nor_padding_changes_an_answer(loaded):
    examples = registry.datasets.get("toy_reviews").make(None, 0).split("test")
    texts = [text for text, _ in examples.as_numpy_iterator()][:200] + ODD_TEXTS[:-1]
    together = probabilities(loaded, texts)
    one_by_one = np.concatenate([probabilities(loaded, [text]) for text in texts])
    backwards = probabilities(loaded, texts[::-1])[::-1]
    beside_a_long_one = np.concatenate([probabilities(loaded, [text, "long " * 400])[:1] for text in texts[::10]])
    assert np.abs(together - one_by_one).max() < 1e-5
    assert np.abs(together - backwards).max() < 1e-5
    assert np.abs(together[::10] - beside_a_long_one).max() < 1e-5


FILES = ["config.json", "model.keras", "task/vocabulary.txt", "task/labels.txt"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_a_truncated_file_is_named(copied, name, kept):
    path = copied.path / name
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(RunError, match=path.name.replace(".", r"\.")):
        zoo.predict("many_to_one", ["fine"])


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(copied, name):
    (copied.path / name).unlink()
    with pytest.raises(RunError, match="many_to_one" if name == "config.json" else "it is missing"):
        zoo.predict("many_to_one", ["fine"])


def test_a_model_that_keras_refuses_is_an_error_of_the_run(copied):
    import json

    from keras_rnn_zoo import files

    with zipfile.ZipFile(copied.model_path, "w") as archive:
        archive.writestr("config.json", "{}")
    config = json.loads((copied.path / "config.json").read_text())
    config["files"]["model.keras"] = files.file_digest(copied.model_path)
    files.write_json(copied.path / "config.json", config)
    with pytest.raises(RunError, match=r"model\.keras cannot be loaded"):
        zoo.load("many_to_one")
