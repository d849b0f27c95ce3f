"""What an inspection shows is what the model does, for every architecture and kind of input."""

import functools
import json

import keras
import numpy as np
import pytest
from inspected_models import KINDS, TEXT, make

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import InspectionError
from keras_rnn_zoo.inspection import inspector
from keras_rnn_zoo.inspection.graph import Graph
from keras_rnn_zoo.layers.model_parts import attention_of

QUICK = ("class of a text", "number of a series", "language model", "translation")
EACH = [
    # Several functions of each model are traced, which takes seconds.
    pytest.param(kind, id=kind.replace(" ", "-"), marks=[] if kind in QUICK else [pytest.mark.slow])
    for kind in KINDS
]
OPTIONS = {"language model": {"max_new_tokens": 8}}
loaded = functools.cache(make)


@functools.cache
def inspected(kind):
    return zoo.inspect(loaded(kind), KINDS[kind][1], **OPTIONS.get(kind, {}))


@pytest.mark.parametrize("kind", EACH)
def test_the_prediction_is_that_of_predict(kind):
    (expected,) = zoo.predict(loaded(kind), [KINDS[kind][1]], **OPTIONS.get(kind, {}))
    found = inspected(kind).prediction
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, str) or (isinstance(value, list) and isinstance(value[0], str)):
            assert found[name] == value
        elif isinstance(value, dict):
            assert found[name] == pytest.approx(value, abs=1e-6)
        else:
            np.testing.assert_allclose(found[name], value, rtol=1e-5)


def twin_of(layer):
    """Returns Keras's own layer with the weights of a layer, which returns all outputs and the final states."""
    stock = next(
        (cls for cls in (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN) if isinstance(layer, cls)), None
    )
    config = {**layer.get_config(), "return_sequences": True, "return_state": True}
    return (stock or type(layer)).from_config(config)


def read_by(operation, model, inputs):
    """Returns the sequence and the mask that an operation reads."""
    x, *mask = keras.Model(model.input, keras.tree.flatten(operation.input))(inputs)
    return np.asarray(x), np.asarray(mask[0]) if mask else None


@pytest.mark.parametrize("kind", EACH)
def test_the_states_are_those_of_keras_layers(kind):
    run, found = loaded(kind), inspected(kind)
    inputs = run.task.preprocess(*run.task.to_batch([KINDS[kind][1]], **OPTIONS.get(kind, {})))
    inputs = run.task.passage(inputs, run.outputs(inputs)).inputs
    compared = 0
    for operation in run.model.operations:
        layers = [operation]
        if isinstance(operation, keras.layers.Bidirectional):
            layers = [operation.forward_layer, operation.backward_layer]
        elif not isinstance(operation, keras.layers.RNN) or operation.name == "decoder":
            continue
        x, mask = read_by(operation, run.model, inputs)
        for layer in layers:
            twin = twin_of(layer)
            twin.build(x.shape)
            twin.set_weights(layer.get_weights())
            direction = "backward" if layer.go_backwards else "forward"
            own = [one for one in found.layers if (one.name, one.direction) == (operation.name, direction)]
            assert len(own) == len(x)
            for step in (0, x.shape[1] // 2, x.shape[1] - 1):  # The state after a step is that of a part of the input.
                part = slice(step, None) if layer.go_backwards else slice(None, step + 1)
                _, *states = twin(x[:, part], mask=None if mask is None else mask[:, part])
                for row, one in enumerate(own):
                    for name, state in zip(one.states, states, strict=True):
                        np.testing.assert_allclose(one.states[name][step], state[row], atol=2e-6)
                        compared += 1
    assert compared or kind in ("class of a picture", "language model", "caption")


@pytest.mark.parametrize("kind", EACH)
def test_importance_is_complete(kind):
    found = inspected(kind).importance
    assert found.completeness_error < 0.01
    total = sum(part.sum() for part in found.parts.values())
    difference = found.value - found.baseline_value
    scale = max(abs(difference), 1e-3 * sum(abs(part).sum() for part in found.parts.values()))
    assert abs(total - difference) == pytest.approx(found.completeness_error * scale, abs=1e-6)
    assert len(found.values) == len(inspected(kind).timelines["input"])


@pytest.mark.parametrize("kind", EACH)
def test_an_inspection_is_a_json_document_and_a_table(kind):
    found = inspected(kind)
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["prediction"] == found.to_dict()["prediction"]
    for layer in document["layers"]:
        count = len(document["timelines"][layer["timeline"]]["labels"])
        assert all(len(values) <= count for values in [*layer["states"].values(), *layer["gates"].values()])
    assert len(document["outputs"]["chosen"]) == len(document["outputs"]["steps"])
    assert found.summary in repr(found)


@pytest.mark.parametrize("kind", ["class of a text", "number of a series"])
def test_a_prefix_is_predicted_as_if_the_input_ended_there(kind):
    run, found = loaded(kind), inspected(kind)
    whole = KINDS[kind][1]
    beginnings = [
        " ".join(TEXT.split()[: step + 1]) if isinstance(whole, str) else whole[: step + 1]
        for step in found.outputs.steps
    ]
    for values, expected in zip(found.outputs.values, zoo.predict(run, beginnings), strict=True):
        numbers = list(expected["probabilities"].values()) if "label" in expected else [expected["value"]]
        np.testing.assert_allclose(values, numbers, rtol=1e-4, atol=1e-6)
    assert found.outputs.chosen[-1] == found.summary


def test_the_steps_of_a_layer_say_which_steps_of_the_input_they_cover():
    found = inspected("number of a series")
    (layer, _), steps = found.layers, found.timelines["input/2"]
    assert layer.timeline == "input/2" and len(layer.states["h"]) == len(steps) == 6  # Of 11 rows.
    assert steps.starts.tolist() == [0, 2, 4, 6, 8, 10]
    assert steps.ends.tolist() == [2, 4, 6, 8, 10, 11]
    assert steps.labels[0] == "1 to 2" and steps.labels[-1] == "11"


def test_attention_and_alternatives_of_a_translation():
    run, found = loaded("translation"), inspected("translation")
    task = run.task
    source = task.preprocess(*task.to_batch([TEXT]))["source"]
    ids = np.asarray(run.outputs({"source": source})["ids"])[:, 0]
    (attention,) = found.attention
    assert (attention.queries, attention.keys) == ("output", "input")
    np.testing.assert_allclose(attention.weights, attention_of(run.model, source, ids)[0], atol=1e-6)
    texts = run.task.endpoints(run.model)["beam"].call(*task.to_batch([TEXT]))
    assert [one.text for one in found.beam] == [text.decode() for text in texts["texts"][0].numpy()]
    assert "".join(found.outputs.chosen).replace("<end>", "") == found.prediction["text"]
    np.testing.assert_allclose(found.outputs.values.sum(axis=-1), 1, atol=1e-5)
    chosen = [found.outputs.names.index(name) for name in found.outputs.chosen]
    logs = np.log(found.outputs.values[np.arange(len(chosen)), chosen])
    assert found.importance.value == pytest.approx(logs.sum(), rel=1e-4)


def test_weights_of_pooling():
    (weights,) = [one.weights for one in inspected("class of a text").attention]
    assert weights.shape == (8,) and weights.sum() == pytest.approx(1, abs=1e-5)


def test_a_language_model_shows_what_it_reads_and_writes():
    found = inspected("language model")
    assert "".join(found.outputs.chosen) == found.prediction["text"]
    assert found.timelines["input"].labels == ("<start>", *found.prediction["text"][:-1])
    assert found.importance.values[9:] == pytest.approx(0, abs=1e-7)  # What follows has no effect.


@pytest.mark.slow  # See above.
def test_a_transcript_is_aligned():
    found = inspected("transcript of a picture")
    assert "".join(one.text for one in found.alignment) == found.prediction["text"]
    segment = found.alignment[0]
    explained = zoo.inspect(loaded("transcript of a picture"), KINDS["transcript of a picture"][1], explain=0)
    assert explained.importance.value == pytest.approx(
        np.log(segment.probability) * (segment.end - segment.start), rel=1e-3
    )


def test_what_to_explain_is_chosen():
    run = loaded("class of a text")
    values = {name: zoo.inspect(run, TEXT, explain=name).importance.value for name in ("no", "yes")}
    assert np.exp(list(values.values())).sum() == pytest.approx(1, abs=1e-5)
    with pytest.raises(InspectionError, match=r"has no class 'yess'\. Did you mean 'yes'"):
        zoo.inspect(run, TEXT, explain="yess")
    with pytest.raises(InspectionError, match="an index from 0 to 6"):
        zoo.inspect(loaded("translation"), TEXT, explain=7)


def test_layers_gates_and_importance_are_chosen():
    run = loaded("class of a text")
    found = zoo.inspect(run, TEXT, layers=["bidirectional_2"], gates=False, importance=False)
    assert [(one.name, one.direction, one.gates) for one in found.layers] == [
        ("bidirectional_2", "forward", {}),
        ("bidirectional_2", "backward", {}),
    ]
    assert found.importance is None
    with pytest.raises(InspectionError, match="no recurrent layer 'lstm_9'"):
        zoo.inspect(run, TEXT, layers=["lstm_9"], importance=False)


def test_an_input_without_steps_or_with_too_many_is_refused(monkeypatch):
    for kind, nothing in (("class of a text", ""), ("number of a series", np.zeros((0, 2), "float32"))):
        with pytest.raises(InspectionError, match="The input is empty"):
            zoo.inspect(loaded(kind), nothing)
    monkeypatch.setattr(inspector, "MAX_STEPS", 7)
    with pytest.raises(InspectionError, match="The input has 8 steps, but at most 7"):
        zoo.inspect(loaded("class of a text"), TEXT)


def test_an_inspection_repeats():
    run = loaded("number of a series")
    first, second = (zoo.inspect(run, KINDS["number of a series"][1]).to_dict() for _ in range(2))
    assert first == second == inspected("number of a series").to_dict()


def test_strides_are_found_in_the_model():
    graph = Graph(loaded("number of a series").model)
    assert graph.references == ["series"] and graph.variable
    assert graph.stride(graph.times["bidirectional_1"].read) == 2
