import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, OptionError, RunError

ODD_TEXTS = ["", "   ", "!?.,;", "😀👍🏽", "Привет", "a\x00b", b"\xff\xfe not utf-8", "<br />" * 50, "not " * 100_000]


def probabilities(loaded, texts):
    return np.array([list(answer["probabilities"].values()) for answer in zoo.predict(loaded, texts)])


def test_predictions_are_plain_values_by_name(loaded):
    (answer,) = zoo.predict(loaded, ["although the plot is dull , the cast is superb"])
    assert answer["label"] == "positive"
    assert list(answer["probabilities"]) == ["negative", "positive"]
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-6)
    assert all(type(value) is float for value in answer["probabilities"].values())


def test_a_run_predicts_by_its_name(copied):
    assert zoo.predict("many_to_one", ["the cast is superb , although the plot is dull"])[0]["label"] == "positive"


@pytest.mark.parametrize("inputs", ["great", b"great", Path("great"), ["fine", 3]])
def test_anything_but_a_list_of_texts_is_refused(loaded, inputs):
    with pytest.raises(DataError, match="expected"):
        zoo.predict(loaded, inputs)


@pytest.fixture
def pictures(tmp_path):
    """Files of two images, in gray and in colors."""
    random = np.random.default_rng(0)
    paths = [tmp_path / "gray.png", tmp_path / "colors.jpg"]
    paths[0].write_bytes(tf.io.encode_png(random.integers(0, 255, (8, 8, 1)).astype("uint8")).numpy())
    paths[1].write_bytes(tf.io.encode_jpeg(random.integers(0, 255, (30, 20, 3)).astype("uint8")).numpy())
    return paths


def test_an_image_is_a_path_or_its_content(small_run, pictures):
    loaded = zoo.load(small_run("digits"))
    answers = zoo.predict(loaded, pictures)
    assert [answer["label"] in "0123456789" for answer in answers] == [True, True]
    assert zoo.predict(loaded, [str(path) for path in pictures]) == answers
    assert zoo.predict(loaded, [path.read_bytes() for path in pictures]) == answers
    np.testing.assert_allclose(
        np.concatenate([probabilities(loaded, [path]) for path in pictures]), probabilities(loaded, pictures), atol=1e-6
    )


def test_a_missing_file_or_invalid_image_is_named(small_run, pictures, tmp_path):
    loaded = zoo.load(small_run("digits"))
    missing = tmp_path / "none.png"
    with pytest.raises(DataError, match=r"none\.png' cannot be read: No such file or directory\. Name a file"):
        zoo.predict(loaded, [*pictures, missing])
    with pytest.raises(DataError, match="is a folder, but a file is expected"):
        zoo.predict(loaded, [tmp_path])
    (tmp_path / "none.png").write_text("no image")
    with pytest.raises(DataError, match=r"The image '.*none\.png' cannot be read: it does not begin like an image"):
        zoo.predict(loaded, [missing])
    with pytest.raises(DataError, match="The image of 8 bytes cannot be read: it does not begin"):
        zoo.predict(loaded, [b"no image"])
    with pytest.raises(DataError, match="'3' cannot be read: "):
        zoo.predict(loaded, [3])


def test_a_series_is_an_array_or_lists_or_json(small_run):
    loaded = zoo.load(small_run("adding"))
    series = [[0.5, 1], [0.25, 0], [0.125, 1]]
    (answer,) = zoo.predict(loaded, [np.array(series)])
    assert type(answer["value"]) is float
    assert zoo.predict(loaded, [series, str(series)]) == [{"value": pytest.approx(answer["value"], abs=1e-6)}] * 2
    with pytest.raises(DataError, match=r"An array of shape \(steps, 2\) is expected; received one of shape \(3,\)"):
        zoo.predict(loaded, [[1, 2, 3]])
    with pytest.raises(DataError, match=r"expected as JSON, such as .*; received 'half a pound'"):
        zoo.predict(loaded, ["half a pound"])


def test_a_translation_is_a_text_and_its_score(small_run):
    loaded = zoo.load(small_run("addition"))
    sums = ["1+2", "", "98+765"]
    together = zoo.predict(loaded, sums)
    assert all(type(answer["text"]) is str and answer["score"] <= 0 for answer in together)
    for text, answer in zip(sums, together, strict=True):
        assert zoo.predict(loaded, [text]) == [{"text": answer["text"], "score": pytest.approx(answer["score"])}]


def test_options_set_how_a_language_model_generates(small_run):
    loaded = zoo.load(small_run("tiny_shakespeare"))

    def write(**options):
        return zoo.predict(loaded, ["To be", "not", ""], **options)

    first, again = write(seed=1, max_new_tokens=20), write(seed=1, max_new_tokens=20)
    assert first == again
    assert [len(answer["text"]) for answer in first] == [5 + 20, 3 + 20, 20]
    assert first[0]["text"].startswith("To be")
    assert write(seed=2, max_new_tokens=20) != first
    surest = write(temperature=0, seed=1, max_new_tokens=10)
    assert surest == write(temperature=0, seed=2, max_new_tokens=10)
    assert len(write()[0]["text"]) == 5 + 300


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"temperatur": 1}, r"a prediction of this run has no option 'temperatur'\. Did you mean 'temperature'\?"),
        ({"temperature": -1}, "Option 'temperature' expects a number from 0 to 100; received -1"),
        ({"max_new_tokens": 0}, "Option 'max_new_tokens' expects an integer from 1 to 100,000; received 0"),
        ({"seed": 0.5}, "Option 'seed' expects an integer from 0 to "),
    ],
)
def test_an_unknown_or_invalid_prediction_option_is_named(small_run, options, told):
    with pytest.raises(OptionError, match=told):
        zoo.predict(small_run("tiny_shakespeare"), ["To be"], **options)


def test_an_input_of_the_wrong_kind_is_named_by_its_position(loaded):
    with pytest.raises(DataError, match=r"^inputs\[33\]: A text is expected as str or bytes; received 5\.$"):
        zoo.predict(loaded, [*["fine"] * 33, 5, "dull", None])
    with pytest.raises(DataError, match=r"^A text is expected as str or bytes; received 5\.$"):
        zoo.predict(loaded, [5])


def test_missing_texts_are_empty_as_in_files(loaded):
    empty, *others = zoo.predict(loaded, ["", None, float("nan")])
    assert others == [empty, empty]


def test_inputs_of_mostly_unknown_words_are_warned_of(loaded, caplog):
    loaded.predict(["the cast blorp zig", ""])
    assert caplog.text == ""
    loaded.predict(["the blorp zig"])
    assert "The network doesn't know most words of 'the blorp zig', so the prediction says little." in caplog.text
    loaded.predict(["the cast is superb", *[b"blorp"] * 40])
    assert "doesn't know most words of 40 of 41 inputs, such as 'blorp', so" in caplog.text


def test_options_without_effect_are_refused(loaded):
    with pytest.raises(OptionError, match="a prediction of this run has no options; received 'temperature'"):
        zoo.predict(loaded, ["fine"], temperature=1)


def test_no_input_gives_no_prediction(loaded):
    assert zoo.predict(loaded, []) == []


@pytest.mark.parametrize("text", ODD_TEXTS, ids=lambda text: repr(text[:12]))
def test_an_unusual_text_gets_a_prediction(loaded, text):
    assert np.isfinite(probabilities(loaded, [text])).all()


def test_neither_batch_nor_order_nor_padding_changes_a_prediction(loaded):
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
    from keras_rnn_zoo.artifacts.publish_run import write_config

    with zipfile.ZipFile(copied.model_path, "w") as archive:
        archive.writestr("config.json", "{}")
    write_config(copied, copied.config)
    with pytest.raises(RunError, match=r"model\.keras is damaged: as an archive it contains 'config\.json' instead of"):
        zoo.load("many_to_one")


@pytest.mark.parametrize("inputs", [{"text": ["fine"]}, SimpleNamespace(columns=["text"])], ids=["dict", "table"])
def test_a_table_instead_of_a_list_is_refused(trained, inputs):
    with pytest.raises(DataError, match=r"A list of inputs is expected; received the type .*Pass a single column"):
        zoo.predict(trained, inputs)


def test_what_has_no_length_is_refused(trained):
    with pytest.raises(DataError, match="A list of inputs is expected; received the type generator"):
        zoo.predict(trained, (text for text in ["fine"]))
